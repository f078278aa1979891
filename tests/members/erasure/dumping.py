"""Everything that is kept as text: tables, with what lies encrypted opened, files, Redis, log."""

import base64
import json
import logging
import zipfile

import redis
from django.db import connection
from django.http import QueryDict

from core.kernel import crypto
from core.kernel.scoping import tenant


def opened(value):
    """Return what a sealed value says, too."""
    if isinstance(value, memoryview | bytes):
        raw = bytes(value)
        return f"{raw.hex()} {_decrypted(raw)}"
    if isinstance(value, dict):
        return " ".join(f"{key} {opened(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " ".join(opened(each) for each in value)
    if isinstance(value, str) and len(value) > 40:
        return f"{value} {_decrypted(_raw(value))}"
    return str(value)


def _raw(text):
    try:
        if text.startswith("\\x"):
            return bytes.fromhex(text[2:])
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _decrypted(raw):
    try:
        text = crypto.decrypt(raw)
    except Exception:
        return ""
    return f"{text} {QueryDict(text)} {json.loads(text) if text[:1] in '[{' else ''}"


def dump(brand):
    """Yield every row of every table, by table; row-level security shows those of the brand."""
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield table, " ".join(opened(value) for value in row)


def texts_of_files(folder):
    """Yield the path and the bytes of every file; of an archive those of each file in it, too."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield name, archive.read(name)


READ = {
    b"string": lambda server, key: [server.get(key)],
    b"list": lambda server, key: server.lrange(key, 0, -1),
    b"set": lambda server, key: list(server.smembers(key)),
    b"zset": lambda server, key: server.zrange(key, 0, -1),
    b"hash": lambda server, key: [part for pair in server.hgetall(key).items() for part in pair],
}


def redis_texts(url):
    """Return every key of the broker's and the cache's database, and what it holds.

    Read by kind, since Redis compresses what it dumps; bodies of messages are decoded.
    """
    found = []
    for base in (0, 1):
        server = redis.Redis.from_url(url, db=base)
        for key in server.scan_iter():
            values = READ[server.type(key)](server, key)  # a kind unknown here fails
            found += [key, *(value for value in values if value is not None)]
    return found + [_body(value) for value in found]


def _body(value):
    try:
        told = json.loads(value)
        message = told[0] if isinstance(told, list) else told  # unacknowledged: with its route
        body = json.loads(base64.b64decode(message["body"]))
    except (ValueError, TypeError, KeyError, IndexError):
        return b""
    return json.dumps(body, ensure_ascii=False).encode()


def texts_of_log(log):
    """Return what fixtures logged and what the test did, with tracebacks."""
    lines = logging.Formatter()
    records = [record for phase in ("setup", "call") for record in log.get_records(phase)]
    return [lines.format(record) for record in records]
