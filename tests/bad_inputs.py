"""What is promised of every bad input, asked in one way by the tables that drive them.

No 5xx, quickly and in little memory, ``application/problem+json`` that points at the field, nothing
written, and a line in the log that says what was refused where and nothing of what was sent.
"""

import json
import logging
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from django.db import connection

from core.kernel.logs import OneLineFormatter
from core.kernel.problems import CONTENT_TYPE
from core.kernel.scoping import tenant
from tests.refusals import assert_noted, thrifty

# Shorter ones stand in paths and words by chance.
SHORTEST, SHORTEST_ASCII = 2, 4


@dataclass(frozen=True)
class Bad:
    """A call that is refused; ``pointer`` is the field's, or ``?name`` of a parameter.

    ``code`` is the refusal's, ``error`` that of the field; ``leaves`` names tables in which the
    refusal itself leaves word for people.
    """

    number: int
    name: str
    status: int
    body: bytes = b""
    url: str = ""
    method: str = "POST"
    code: str = ""
    pointer: str | None = None
    error: str = ""
    leaves: tuple = ()
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.number} {self.name}"


def send(call, client):
    """Return the answer to a call, which came in time and is no failure."""
    with thrifty():
        answer = client.generic(
            call.method, call.url, call.body, content_type=call.content_type, headers=call.headers
        )
    assert answer.status_code == call.status, answer.content
    return answer


def assert_refused(bad, client, brand, log):
    """Send what is bad and hold the answer to all that is promised."""
    before = rows_of(brand)
    log.clear()
    with log.at_level(logging.DEBUG):
        answer = send(bad, client)
    assert answer["Content-Type"] == CONTENT_TYPE
    told = answer.json()
    assert told["status"] == bad.status
    assert told["type"].endswith(told["code"])
    assert not bad.code or told["code"] == bad.code
    if bad.pointer is not None:
        errors = told["errors"]
        pointed = {_place_of(e): e["code"] for e in errors}
        assert bad.pointer in pointed, errors
        assert not bad.error or pointed[bad.pointer] == bad.error
    after = rows_of(brand)
    assert {table for table in after if after[table] != before[table]} == {*bad.leaves}
    assert_noted(log, path=urlsplit(bad.url).path, code=told["code"], values=sent(bad))
    lines = [OneLineFormatter("%(message)s").format(record) for record in log.records]
    assert all(len(line.splitlines()) == 1 for line in lines), lines


def _place_of(error):
    return error["pointer"] if "pointer" in error else f"?{error['parameter']}"


def rows_of(brand):
    """Return how many rows each table holds, of the brand where it is a brand's."""
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [table for (table,) in cursor.fetchall()]
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables)
        )
        return dict(cursor.fetchall())


def sent(bad):
    """Return the values of a body, of the query of an address and of a key that is a person's."""
    query = [text for name, text in bad.headers.items() if name == "Idempotency-Key"]
    query += [value for _name, value in parse_qsl(urlsplit(bad.url).query)]
    try:
        values = list(_leaves(json.loads(bad.body)))
    except (ValueError, RecursionError):
        values = [bad.body[:200].decode("utf-8", "replace")]
    least = {True: SHORTEST_ASCII, False: SHORTEST}
    return [text for text in (*query, *values) if len(text) >= least[text.isascii()]]


def _leaves(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value[:1000]:
            yield from _leaves(each)
    elif value is not None:
        yield str(value)
