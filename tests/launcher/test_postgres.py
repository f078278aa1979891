"""The embedded cluster: what it must be, and what it must survive."""

import os
import signal
import threading
from pathlib import Path

import psycopg2
import pytest

from launcher import children, provision
from launcher.failure import LaunchFailed
from tests.launcher.conftest import wait_until


def ask(cluster, sql, *, user="postgres", database=provision.DATABASE):
    connection = psycopg2.connect(cluster.dsn(database, user))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def test_chinese_text_is_searchable(fresh_stack):
    assert ask(fresh_stack.cluster, "SELECT cardinality(show_trgm('社区运营')) > 0") == [(True,)]


def test_the_application_owns_nothing_and_cannot_become_more(fresh_stack):
    rows = ask(
        fresh_stack.cluster,
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles "
        "WHERE rolname LIKE 'qunying%' ORDER BY 1",
    )
    assert rows == [(provision.APP, False, False, False), (provision.OWNER, False, False, False)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(fresh_stack.cluster, "CREATE TABLE t (n int)", user=provision.APP)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(fresh_stack.cluster, f"SET ROLE {provision.OWNER}", user=provision.APP)


def test_a_transaction_forgotten_open_ends(fresh_stack):
    sql = "SELECT current_setting('idle_in_transaction_session_timeout')"
    assert ask(fresh_stack.cluster, sql, user=provision.APP) == [("1min",)]
    assert ask(fresh_stack.cluster, sql, user=provision.OWNER) == [("0",)]


def test_nothing_listens_on_the_network(fresh_stack):
    assert ask(fresh_stack.cluster, "SHOW listen_addresses") == [("",)]
    assert fresh_stack.cluster.sockets.stat().st_mode & 0o077 == 0


def test_one_address_is_made_into_two_roles(fresh_stack, tmp_path):
    cluster = fresh_stack.cluster
    connection = psycopg2.connect(cluster.dsn())
    connection.autocommit = True
    connection.cursor().execute("CREATE ROLE boss LOGIN CREATEROLE; ")
    connection.cursor().execute("CREATE DATABASE shop OWNER boss")
    connection.close()
    url = cluster.url(user="boss", database="shop")
    first = provision.given(url, tmp_path)
    assert first == provision.given(url, tmp_path)
    assert first["DATABASE_OWNER_URL"] == url
    connection = psycopg2.connect(first["DATABASE_URL"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolbypassrls FROM pg_roles WHERE rolname=current_user")
        assert cursor.fetchone() == ("shop_app", False)
    connection.close()


def test_an_address_that_cannot_be_prepared_is_refused_with_the_way_out(fresh_stack, tmp_path):
    url = fresh_stack.cluster.url(user=provision.APP, database=provision.DATABASE)
    with pytest.raises(LaunchFailed, match="DATABASE_OWNER_URL"):
        provision.given(url, tmp_path)


@pytest.mark.fault
def test_what_was_committed_survives_a_crash(fresh_stack):
    cluster = fresh_stack.cluster
    ask(cluster, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    cluster.crash()
    cluster.start()
    assert ask(cluster, "SELECT count(*) FROM kept") == [(1000,)]


@pytest.mark.fault
def test_a_backend_that_outlives_its_postmaster_does_not_block_the_next_start(fresh_stack):
    cluster = fresh_stack.cluster

    def work():
        with pytest.raises(psycopg2.Error):
            ask(cluster, "SELECT count(*) FROM generate_series(1, 20000000000)")

    busy = threading.Thread(target=work)
    busy.start()
    running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM gen%'"
    wait_until(lambda: ask(cluster, running), 10)
    backend = ask(cluster, running)[0][0]
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    assert backend in children.working_in(cluster.data)
    cluster.start()
    busy.join(20)
    assert ask(cluster, "SELECT 1") == [(1,)]


@pytest.mark.fault
def test_a_stale_pid_that_now_belongs_to_someone_else_does_not_block_the_start(fresh_stack):
    cluster = fresh_stack.cluster
    pid_file = cluster.data / "postmaster.pid"
    words = pid_file.read_text().split("\n")
    cluster.stop()
    pid_file.write_text("\n".join([str(os.getppid()), *words[1:]]))
    cluster.start()
    assert ask(cluster, "SELECT 1") == [(1,)]


@pytest.mark.fault
def test_an_interrupted_creation_is_begun_anew(fresh_stack):
    cluster = fresh_stack.cluster
    half = Path(cluster.home / "pg.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    aside = cluster.home / "aside"
    cluster.stop()
    cluster.data.rename(aside)
    cluster.create()
    cluster.start()
    assert not half.exists()
    assert ask(cluster, "SHOW server_encoding", database="postgres") == [("UTF8",)]
    provision.embedded(cluster)
    assert provision.embedded(cluster) == provision.embedded(cluster)


def test_data_of_another_major_version_is_refused(fresh_stack):
    version = fresh_stack.cluster.data / "PG_VERSION"
    made = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(LaunchFailed, match="made by PostgreSQL 17"):
            fresh_stack.cluster.create()
    finally:
        version.write_text(made)
