"""The command people start, as a process, with real servers below it."""

import json
import os
import signal
import socket
import urllib.request

import psycopg2
import pytest

from tests.launcher.conftest import wait_until

pytestmark = pytest.mark.fault


def fetch(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
        return response.status


def child(server, words: str) -> int:
    """The process of ``server`` whose command line holds ``words``."""
    pids = (server.process.pid,)
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline") as line:
                parent = int(stat.read().rpartition(")")[2].split()[1])
                if parent in pids and words in line.read().replace("\0", " "):
                    return pid
        except OSError:
            continue
    raise AssertionError(f"no child runs {words}")


def test_smoke_starts_everything_fetches_the_sign_in_page_and_stops(start_server):
    server = start_server("--smoke", "--port", "18100")
    assert server.process.wait(240) == 0, server.words
    assert "Sign-in page: 200" in server.words
    assert not server.left()


def test_a_second_start_is_refused_and_commands_use_the_running_server(start_server):
    first = start_server("--port", "18200").await_ready()
    second = start_server("--port", "18200")
    assert second.process.wait(60) == 1
    assert "already in use by script/server" in second.words

    record = first.var / "run" / "services.json"
    assert record.stat().st_mode & 0o077 == 0
    address = json.loads(record.read_text())["DATABASE_URL"]
    shown = first.manage("shell", "-v0", "-c", "import os; print(os.environ['DATABASE_URL'])")
    assert shown.stdout.strip() == address, shown.stderr

    assert first.stop(signal.SIGINT) == 0
    assert "Stopped." in first.words
    assert not first.left()
    assert not record.exists()


def test_what_crashes_is_started_again_and_kill_9_loses_nothing(start_server):
    server = start_server("--port", "18400").await_ready()
    for words in ("gunicorn", "/postgres -D", "valkey-server", "celery -A config worker"):
        os.kill(child(server, words), signal.SIGKILL)
    wait_until(lambda: server.words.count("starting it again") >= 4, 60)

    def healthy() -> bool:
        try:
            return fetch(f"{server.url}healthz") == 200
        except OSError:
            return False

    wait_until(healthy, 90)
    child(server, "celery -A config worker")

    # Now the supervisor itself: nothing may be left, and the next start has the data.
    sql = "from django.db import connections as c; k = c['owner'].cursor(); k.execute({!r}); {}"
    made = server.manage(
        "shell", "-v0", "-c", sql.format("CREATE TABLE kept AS SELECT 42 AS n", "")
    )
    assert made.returncode == 0, made.stderr
    server.stop(signal.SIGKILL)
    wait_until(lambda: not server.left(), 15)

    again = start_server("--port", "18400").await_ready()
    shown = again.manage(
        "shell", "-v0", "-c", sql.format("SELECT n FROM kept", "print(k.fetchall())")
    )
    assert shown.stdout.strip() == "[(42,)]", shown.stderr


def test_two_run_side_by_side_and_a_taken_port_gives_way_to_the_next(start_server):
    with socket.create_server(("127.0.0.1", 18600)):
        one = start_server("--port", "18600", name="one")
        two = start_server("--port", "18600", name="two")
        urls = {one.await_ready().url, two.await_ready().url}
    assert len(urls) == 2
    assert "http://127.0.0.1:18600/" not in urls
    assert [fetch(f"{url}healthz") for url in urls] == [200, 200]


def test_given_servers_are_used_and_left_running(start_server, fresh_stack):
    cluster, valkey = fresh_stack.cluster, fresh_stack.valkey
    connection = psycopg2.connect(cluster.dsn())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE owner LOGIN CREATEROLE")
        cursor.execute("CREATE DATABASE given OWNER owner")
    connection.close()
    url = cluster.url(user="owner", database="given")
    server = start_server("--smoke", "--port", "18900", DATABASE_URL=url, REDIS_URL=valkey.url)
    assert server.process.wait(240) == 0, server.words
    assert not (server.var / "valkey").exists()
    connection = psycopg2.connect(cluster.dsn("given"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'django_migrations'")
        assert cursor.fetchall() == [("owner",)]
    connection.close()
    assert cluster.process.poll() is valkey.process.poll() is None


def test_a_bad_setting_stops_the_start_and_names_itself(start_server):
    server = start_server("--port", "18700", ALLOWED_HOSTS="x", FIELD_KEYS="k1:short")
    assert server.process.wait(120) == 1
    assert "FIELD_KEYS" in server.words
    assert not server.left()


def test_a_command_alone_starts_what_it_needs_and_leaves_nothing(start_server):
    server = start_server("--port", "18800")
    server.stop(signal.SIGTERM)
    shown = server.manage("check", "--database", "default")
    assert shown.returncode == 0, shown.stderr
    assert not server.left()
