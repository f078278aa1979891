#!/bin/sh
# Runs once, when the PostgreSQL container makes its data folder: two roles and one database.
# The owner holds the tables; the application's role is bound by row-level security, owns nothing
# and cannot become more. The embedded server gets the same from launcher/provision.py.
set -eu

psql -X -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres \
  -v owner_password="$OWNER_PASSWORD" -v app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE qunying_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
  PASSWORD :'owner_password';
CREATE ROLE qunying_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
  PASSWORD :'app_password';
ALTER ROLE qunying_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE qunying_app SET lock_timeout = '15s';
CREATE DATABASE qunying OWNER qunying_owner ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;
REVOKE CONNECT, TEMP ON DATABASE qunying FROM PUBLIC;
GRANT CONNECT, TEMP ON DATABASE qunying TO qunying_app;
\connect qunying
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SQL
