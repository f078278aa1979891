"""Which kinds of data grow old, and how each is emptied. Apps announce theirs in ``ready``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

LONGEST = 3650
# Results that hold rows of the database: exports, and everything kept about a member.
EXPORT = "export"


class Purger(Protocol):
    """Empties one kind of data of one brand, in the caller's transaction."""

    def due(self, *, brand_id: int, before: datetime, most: int) -> int:
        """Return how many rows would go, counting no further than ``most``."""

    def purge(
        self, *, brand_id: int, before: datetime, after: int, limit: int, now: datetime
    ) -> Batch:
        """Empty up to ``limit`` rows with ids above ``after``."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How many rows were emptied, and the last id looked at; None once there are no more."""

    emptied: int
    last_id: int | None


@dataclass(frozen=True, slots=True)
class Retained:
    """One kind: what people call it, what becomes of it, and after how many days at the least."""

    label: _StrOrPromise
    effect: _StrOrPromise
    days: int
    least: int
    purger: Purger
    most: int = LONGEST
    order: int = 100


_kinds: dict[str, Retained] = {}


def register_retention(kind: str, retained: Retained) -> None:
    """Announce a kind; called from ``AppConfig.ready``. Doing it twice is harmless."""
    _kinds[kind] = retained


def kinds() -> dict[str, Retained]:
    """Return every kind in order."""
    return dict(sorted(_kinds.items(), key=lambda pair: pair[1].order))
