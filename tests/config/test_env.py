"""A bad value stops the start with a message that names the variable, whichever it is."""

import ast
import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env

ROOT = Path(__file__).resolve().parents[2]
KEY = base64.b64encode(b"k" * 32).decode()
GOOD = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "long-enough-for-production-" * 3,
    "FIELD_KEYS": f"k1:{KEY}",
    "LOOKUP_KEY": KEY,
    "DATABASE_URL": "postgres://app:secret@db/qunying",
    "DATABASE_OWNER_URL": "postgres://owner:secret@db/qunying",
    "REDIS_URL": "redis://queue:6379",
}
NO_COUNT = ["", "two", "0", "-1", "1.5", "1000000000"]
NO_DATABASE = ["mysql://a@b/c", "postgres://a@b", "postgres://a:p4ssw0rd@b:x/c"]
BAD = {
    "SECRET_KEY": ["", "  ", "short"],
    "FIELD_KEYS": ["", KEY, "k1:", "k1:c2hvcnQ=", f"k1:{KEY},k 2:{KEY}", f"much-too-long:{KEY}"],
    "LOOKUP_KEY": ["", "c2hvcnQ=", "no base64!", KEY + KEY],
    "DATABASE_URL": ["", *NO_DATABASE],
    "DATABASE_OWNER_URL": ["", *NO_DATABASE],
    "REDIS_URL": ["", "http://queue", "queue:6379"],
    "ALLOWED_HOSTS": ["https://a.example", "a.example:8000", "a.example/x", "a b"],
    "CSRF_TRUSTED_ORIGINS": [
        *("a.example", "ftp://a.example", "https://", "https://a.example/", "https://a:x"),
        "https://a.example https://b.example",
    ],
    "TRUSTED_PROXIES": ["many", "-1", "6"],
    "PORT": ["http", "0", "65536"],
    "WEB_CONCURRENCY": NO_COUNT[1:],
    "WEB_THREADS": NO_COUNT[1:],
    "WORKER_CONCURRENCY": NO_COUNT[1:],
    "API_RATE_PER_KEY": NO_COUNT[1:],
    "API_RATE_PER_STAFF": NO_COUNT[1:],
    "API_RATE_PER_BRAND": NO_COUNT[1:],
    "DELIVERY_LEASE_SECONDS": NO_COUNT[1:],
    "DELIVERY_BATCH": NO_COUNT[1:],
    "LOG_LEVEL": ["info", "TRACE"],
    "SECURE_SSL_REDIRECT": ["maybe", "2"],
    "SECURE_HSTS_SECONDS": ["a year", "-1"],
}
# Any text will do: folders, which are made when they are needed.
FREE = {"STATIC_ROOT", "FILES_DIR", "AUDIT_ANCHOR_DIR", "SECRETS_DIR"}
SECRET = {"SECRET_KEY", "FIELD_KEYS", "LOOKUP_KEY", "DATABASE_URL", "DATABASE_OWNER_URL"}
# Reads the settings anew for each pair of variable and value, and tells what each said.
ASK = """
import importlib, json, os, sys
from config.env import BadSetting
told, good = [], dict(os.environ)
for name, value in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(good | ({name: value} if name else {}))
    for module in [m for m in sys.modules if m.startswith("config.settings")]:
        del sys.modules[module]
    try:
        importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
        told.append("")
    except BadSetting as bad:
        told.append(str(bad))
print(json.dumps(told))
"""


def run(*argv, stdin=None, **variables):
    shell = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, *argv],
        env=shell | GOOD | variables,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def told():
    """What the settings say of each bad value; under "" of none."""
    pairs = [("", ""), *((name, value) for name, values in BAD.items() for value in values)]
    asked = run("-c", ASK, stdin=json.dumps(pairs))
    assert asked.returncode == 0, asked.stderr
    return dict(zip(pairs, json.loads(asked.stdout), strict=True))


def test_the_good_values_are_good(told):
    assert told["", ""] == ""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_named_in_one_sentence_or_two(name, told):
    for value in BAD[name]:
        message = told[name, value]
        assert message.startswith(name), f"{value!r}: {message or 'taken'}"
        assert "\n" not in message
        if name in SECRET and len(value) > 4:
            assert value not in message
            assert "p4ssw0rd" not in message


def test_every_variable_of_the_settings_is_in_the_table():
    read = set()
    for source in (ROOT / "config" / "settings").glob("*.py"):
        if source.stem in {"local", "test"}:
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and getattr(node.func.value, "id", "") == "env":
                name = getattr(node.args[0], "value", "")
                read |= {name} if isinstance(name, str) and name.isupper() else set()
    assert read == set(BAD) | FREE


@pytest.mark.parametrize(("name", "value"), [("WEB_CONCURRENCY", "two"), ("PORT", "http")])
def test_the_command_is_not_reached_and_the_message_is_all_there_is(name, value):
    ended = run("-m", "config.checked", sys.executable, "-c", "print('served')", **{name: value})
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr == f"{name} must be a whole number, not {value!r}.\n"


def test_with_good_settings_the_command_takes_over():
    assert run("-m", "config.checked").returncode == 0
    served = run("-m", "config.checked", sys.executable, "-c", "print('served')")
    assert (served.returncode, served.stdout) == (0, "served\n"), served.stderr


def test_the_web_server_takes_its_numbers_from_the_settings():
    show = (
        "import runpy; found = runpy.run_path('config/gunicorn.conf.py');"
        "print(found['bind'], found['workers'], found['threads'], found['loglevel'])"
    )
    found = run("-c", show, PORT="9000", WEB_CONCURRENCY="3", WEB_THREADS="5", LOG_LEVEL="ERROR")
    assert found.stdout == "0.0.0.0:9000 3 5 error\n", found.stderr


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.example, .b.example,*.c.example", ["a.example", ".b.example", "*.c.example"]),
        ("10.0.0.1,[::1]", ["10.0.0.1", "[::1]"]),
        ("*", ["*"]),
    ],
)
def test_hosts_of_every_form_are_taken(value, expected, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", value)
    assert env.hosts("ALLOWED_HOSTS", "") == expected


@pytest.mark.parametrize(
    "value", ["https://a.example", "http://localhost:8000", "https://*.a.example", "http://[::1]:1"]
)
def test_origins_of_every_form_are_taken(value, monkeypatch):
    monkeypatch.setenv("CSRF_TRUSTED_ORIGINS", value)
    assert env.origins("CSRF_TRUSTED_ORIGINS") == [value]


@pytest.mark.parametrize(
    ("raw", "expected"), [("1", True), ("Yes", True), ("off", False), ("", False)]
)
def test_flags_of_every_form_are_taken(raw, expected, monkeypatch):
    monkeypatch.setenv("DEBUG", raw)
    assert env.flag("DEBUG", default=not expected) is expected
