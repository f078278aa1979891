"""The order of what happened: by moment, then by kind, then by number, the newest first.

The three together are one entry's and no other's, so that a page can end between two entries of
one moment. A cursor is such a position; what lies before it is the next page.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.kernel.errors import DomainError, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
END_OF_TIME = datetime(9999, 12, 1, tzinfo=UTC)
MOST = 2**63 - 1


class BadCursor(DomainError):
    """The page marker is not one that a timeline gave out."""

    code = "bad_cursor"
    kind = Kind.INVALID


class Placed(Protocol):
    """What has a place within one kind."""

    @property
    def at(self) -> datetime: ...
    @property
    def key(self) -> int: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Before:
    """Where a source is to go on: its entries with ``(at, key)`` smaller than these."""

    at: datetime = END_OF_TIME
    key: int = MOST

    def stream(self, number: int, of: int) -> Before:
        """Return the same for one of several tables whose rows share a kind; see ``key_of``."""
        return Before(self.at, (self.key - number + of - 1) // of)


def key_of(pk: int, number: int, of: int) -> int:
    """Return the key of a row that is one of several entries, or of several tables' rows."""
    return pk * of + number


def newest(entries: Iterable[P], *, before: Before, limit: int) -> list[P]:
    """Return the page of a source whose rows are few for anybody, such as consents."""
    found = [one for one in entries if (one.at, one.key) < (before.at, before.key)]
    return sorted(found, key=lambda one: (one.at, one.key), reverse=True)[:limit]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of an entry among those of all kinds."""

    at: datetime
    kind: str
    key: int

    def seen_by(self, kind: str) -> Before:
        """Return where the source of a kind goes on, after this entry of maybe another kind."""
        if kind == self.kind:
            return Before(self.at, self.key)
        # Of entries of the same moment, those of a smaller kind are all still to come.
        return Before(self.at, MOST if kind < self.kind else -1)

    def as_cursor(self) -> str:
        """Return it as text for an address."""
        text = json.dumps([(self.at - EPOCH) // MICROSECOND, self.kind, self.key])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """Return the position that a cursor stands for.

    Raises:
        BadCursor: it was not given out by ``as_cursor``.
    """
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        microseconds, kind, key = json.loads(text)
        if type(microseconds) is not int or type(key) is not int or type(kind) is not str:
            raise BadCursor(cursor)
        at = EPOCH + microseconds * MICROSECOND
    except (ValueError, TypeError, binascii.Error, RecursionError, OverflowError) as error:
        raise BadCursor(cursor) from error
    # Beyond these years neither the database nor a time zone can follow.
    if not (EPOCH - timedelta(days=365 * 200) < at <= END_OF_TIME and -1 <= key <= MOST):
        raise BadCursor(cursor)
    return Position(at, kind, key)
