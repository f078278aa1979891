"""A member is meant by one row of a file: the first. By number or by phone, over all its chunks.

A row means the member with its customer number, else the one with its phone. So two rows mean one
member when the later one is found by a key that the earlier one did not bring, but the member
has. Which keys earlier rows brought is known (``Met``); which keys the member has, the database
says. Asked at any row, the answer is the same before and after the earlier row was brought in,
so nothing has to be remembered but the keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.utils import CursorWrapper

    from members.imports.seen_keys import Met


class Candidate(NamedTuple):
    """A row whose member has a key that the row does not bring."""

    n: int
    customer_no: str | None
    phone: str | None
    known_no: str | None
    known_phone: str | None

    @property
    def gives_up(self) -> str | None:
        """The phone that the member would lose to another one."""
        return self.known_phone if self.customer_no and self.phone else None


def settle(cursor: CursorWrapper, met: Met, *, may_wait: bool) -> list[int]:
    """Refuse the second row of a member in ``import_plan``; return the rows that have to wait.

    A row whose phone an earlier row of the plan gives up is taken out of it, if it may wait.
    """
    cursor.execute(CANDIDATES)
    candidates = [Candidate(*row) for row in cursor.fetchall()]
    if not candidates:
        return []
    # One statement over two small tables without indexes.
    cursor.execute("SET LOCAL enable_hashjoin = on")
    waiting: list[int] = []
    if may_wait and any(row.gives_up for row in candidates):
        cursor.execute(TAKE_OUT_WAITING)
        waiting = [n for (n,) in cursor.fetchall()]
    out = set(waiting)
    refused = [found for found in _refusals(candidates, met) if found[0] not in out]
    if refused:
        cursor.execute(REFUSE, [list(column) for column in zip(*refused, strict=True)])
    cursor.execute("SET LOCAL enable_hashjoin = off")
    return waiting


def _refusals(candidates: list[Candidate], met: Met) -> Iterator[tuple[int, str, str]]:
    """Yield row, reason and the row that counts."""
    by_phone = [row for row in candidates if row.customer_no is None]
    numbers = met.numbers.find([row.known_no or "" for row in by_phone])
    for row, first in zip(by_phone, numbers, strict=True):
        if 0 < first < row.n:
            yield row.n, "same_by_phone", str(first)
    by_number = [row for row in candidates if row.customer_no is not None]
    phones = [row.known_phone or "" for row in by_number]
    found = zip(by_number, met.alone.find(phones), met.phones.find(phones), strict=True)
    for row, alone, first in found:
        if 0 < alone < row.n:
            yield row.n, "same_by_number", str(alone)
        elif row.gives_up and 0 < first < row.n:
            # That row was refused because this member has the phone. Were it given up now, the
            # same file would bring something else the next time.
            yield row.n, "phone_wanted", str(first)


CANDIDATES = """
SELECT n, customer_no, encode(phone_hash, 'hex'), known_no, encode(known_phone, 'hex')
FROM import_plan
WHERE refusal IS NULL AND (
    (customer_no IS NULL AND known_no IS NOT NULL)
    OR (customer_no IS NOT NULL AND known_phone IS NOT NULL
        AND phone_hash IS DISTINCT FROM known_phone)
)
"""
TAKE_OUT_WAITING = """
DELETE FROM import_plan AS later USING import_plan AS giver
WHERE giver.customer_no IS NOT NULL AND giver.phone_hash <> giver.known_phone
AND later.phone_hash = giver.known_phone AND later.n > giver.n
RETURNING later.n
"""
REFUSE = """
UPDATE import_plan AS p SET refusal = r.code, other = r.other
FROM unnest(%s::bigint[], %s::varchar[], %s::varchar[]) AS r (n, code, other) WHERE p.n = r.n
"""
