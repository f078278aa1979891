"""Roles, database and extensions, made once and put right every time.

Two roles meet in one database: the owner's tables are bound by row-level security for the
application's role, which owns nothing and cannot become more than it is.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from launcher import keys
from launcher.failure import LaunchFailed
from launcher.postgres import Cluster

DATABASE, OWNER, APP = "qunying", "qunying_owner", "qunying_app"
EXTENSIONS = ("btree_gist", "pg_trgm")
# A transaction forgotten open holds back vacuum for everyone; a lock waited for longer than this
# is better reported than queued behind.
APP_SETTINGS = {"idle_in_transaction_session_timeout": "60s", "lock_timeout": "15s"}


def embedded(cluster: Cluster, *, for_tests: bool = False) -> dict[str, str]:
    """Provision a cluster of our own; return the two addresses settings read. Idempotent.

    With ``for_tests`` the owner may create databases, and extensions are in every new one.
    """
    with _connected(cluster.dsn()) as cursor:
        _role(cursor, OWNER, "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE", create_db=for_tests)
        _role(cursor, APP, "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE", create_db=False)
        _restrict(cursor, APP)
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            _run(cursor, "CREATE DATABASE {} OWNER {}", DATABASE, OWNER)
        _run(cursor, "REVOKE CONNECT, TEMP ON DATABASE {} FROM PUBLIC", DATABASE)
        _run(cursor, "GRANT CONNECT, TEMP ON DATABASE {} TO {}", DATABASE, APP)
    for database in ("template1", DATABASE) if for_tests else (DATABASE,):
        with _connected(cluster.dsn(database)) as cursor:
            _extend(cursor)
            _assert_chinese_is_searchable(cursor)
    return {
        "DATABASE_URL": cluster.url(user=APP, database=DATABASE),
        "DATABASE_OWNER_URL": cluster.url(user=OWNER, database=DATABASE),
    }


def given(url: str, folder: Path) -> dict[str, str]:
    """Provision the database at ``url``, whose user becomes the owner of the tables. Idempotent.

    The application's role is called after the database; its password is drawn once and kept in
    ``folder``. Raises LaunchFailed where the user may not create roles: then two addresses must
    be given instead of one.
    """
    parts = urlsplit(url)
    app = f"{parts.path.lstrip('/')}_app"
    password = keys.kept(folder, f"database_{app}", secrets.token_urlsafe(32))
    try:
        with _connected(url) as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [app])
            verb = "CREATE" if cursor.fetchone() is None else "ALTER"
            statement = sql.SQL(f"{verb} ROLE {{}} LOGIN PASSWORD %s").format(sql.Identifier(app))
            cursor.execute(statement, [password])
            _refuse_mighty(cursor, app)
            _restrict(cursor, app)
            cursor.execute("SELECT current_database()")
            _run(cursor, "GRANT CONNECT, TEMP ON DATABASE {} TO {}", _scalar(cursor), app)
            _extend(cursor)
            _assert_chinese_is_searchable(cursor)
    except psycopg2.Error as error:
        raise LaunchFailed(
            f"The database in DATABASE_URL could not be prepared: {str(error).strip()}\n"
            "Its user needs CREATEROLE and must own the database. Or make two roles yourself and "
            "set DATABASE_OWNER_URL (owns the tables) beside DATABASE_URL (the application's)."
        ) from error
    place = parts.netloc.rpartition("@")[2]
    ours = parts._replace(netloc=f"{quote(app)}:{quote(password)}@{place}")
    return {"DATABASE_URL": urlunsplit(ours), "DATABASE_OWNER_URL": url}


@contextmanager
def _connected(dsn: str) -> Iterator[Any]:
    connection = psycopg2.connect(dsn, connect_timeout=10)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _role(cursor: Any, name: str, attributes: str, *, create_db: bool) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    verb = "CREATE" if cursor.fetchone() is None else "ALTER"
    may = "CREATEDB" if create_db else "NOCREATEDB"
    _run(cursor, f"{verb} ROLE {{}} {attributes} {may}", name)


def _restrict(cursor: Any, app: str) -> None:
    for name, value in APP_SETTINGS.items():
        statement = sql.SQL("ALTER ROLE {} SET {} = %s")
        cursor.execute(statement.format(sql.Identifier(app), sql.Identifier(name)), [value])


def _refuse_mighty(cursor: Any, app: str) -> None:
    cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [app])
    if _scalar(cursor):
        raise LaunchFailed(f"The role {app} can bypass row-level security; drop or demote it.")


def _extend(cursor: Any) -> None:
    for name in EXTENSIONS:
        _run(cursor, "CREATE EXTENSION IF NOT EXISTS {}", name)


def _assert_chinese_is_searchable(cursor: Any) -> None:
    """Fail now rather than find nothing later: under a C locale Chinese has no trigrams."""
    cursor.execute(
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    )
    if (encoding := _scalar(cursor)) != "UTF8":
        raise LaunchFailed(f"The database is encoded in {encoding}; Qunying needs UTF8.")
    cursor.execute("SELECT cardinality(show_trgm('社区运营')) > 0")
    if not _scalar(cursor):
        raise LaunchFailed(
            "The database's locale does not know Chinese letters, so searches would find nothing. "
            "Create it with LOCALE 'C.UTF-8' (from libc) or zh_CN.UTF-8."
        )


def _run(cursor: Any, statement: str, *identifiers: str) -> None:
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))


def _scalar(cursor: Any) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None
