"""The registry: what each table keeps about members, how it is told to them and how it goes.

One entry says both, so that no table can be forgotten in either. Apps announce theirs in
``AppConfig.ready``; ``tests/members/erasure/test_ports.py`` fails for a table that nobody named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from members.erasure.rules import Kind, Trace, Traces

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True, slots=True)
class Erasing:
    """Whom a step erases; their rows among members are locked, but for ``Holding.hold``."""

    brand_id: int
    ids: tuple[int, ...]
    now: datetime

    @property
    def params(self) -> dict[str, Any]:
        """For statements."""
        return {"brand": self.brand_id, "ids": list(self.ids), "now": self.now}


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom is told; ``whole`` lets numbers be told unmasked."""

    brand_id: int
    member_id: int
    whole: bool


Erase = Callable[[Erasing], None]
Tell = Callable[[Asked], Iterable[Mapping[str, Any]]]
FindTraces = Callable[[Erasing], Iterable[Trace]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the rows of one table keep about members, who are named by ``columns``.

    The rows go with the member unless ``erase`` does it, or ``kept`` says why they may stay.
    ``hold`` takes the locks that other writers of these rows take before they come to the member,
    so that no two wait for each other.
    ``fields`` (lookup → label) are told to the person, or what ``tell`` yields under these names,
    unless ``untold`` says why not. ``traces`` finds texts that only these rows know, before they
    go. Lower ``order`` goes first; whom others refer to goes last.

    ``count`` is a statement that returns how many rows go and how many stay, from the parameters
    of ``Erasing``; without it, those that ``columns`` name are counted.
    """

    model: type[Model]
    label: _StrOrPromise
    columns: tuple[str, ...] = ("member_id",)
    hold: Erase | None = None
    erase: Erase | None = None
    kept: _StrOrPromise = ""
    count: str = ""
    fields: Mapping[str, _StrOrPromise] = field(default_factory=dict)
    tell: Tell | None = None
    untold: str = ""
    traces: FindTraces | None = None
    order: int = 50


@dataclass(frozen=True, slots=True)
class Searching:
    """One step of a search: for whom, and from where on."""

    brand_id: int
    traces: Traces
    at: Any
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Looks through texts that no column ties to a member, a bounded step at a time.

    ``step`` returns where the next one begins, as a JSON value, or None at the end. It may be
    repeated.
    """

    model: type[Model]
    step: Callable[[Searching], Any]
    columns: tuple[str, ...] = ()


FindKin = Callable[[int, Sequence[int]], Mapping[int, "datetime"]]

_holdings: dict[tuple[str, tuple[str, ...]], Holding] = {}
_searches: dict[str, Search] = {}
_impersonal: dict[str, str] = {}
_kin: list[FindKin] = []
_common_words: set[str] = set()


def register_holdings(*holdings: Holding) -> None:
    """Announce what tables keep. Doing it twice is harmless."""
    _holdings.update({(h.model._meta.db_table, h.columns): h for h in holdings})


def register_searches(*searches: Search) -> None:
    """Announce texts to be looked through."""
    _searches.update({search.model._meta.db_table: search for search in searches})


def register_impersonal(reasons: Mapping[type[Model], str]) -> None:
    """Announce tables in which nothing of a member can stand, each with the reason."""
    _impersonal.update({model._meta.db_table: why for model, why in reasons.items()})


def register_kin(find: FindKin) -> None:
    """Announce who has to go along with members, such as those merged into them.

    ``find`` returns their numbers, each with the moment at which the person was taken in: by both
    a restored backup is known to hold them again.
    """
    if find not in _kin:
        _kin.append(find)


def register_common_words(words: Iterable[str]) -> None:
    """Announce words that stand in many files and name nobody, such as those of headers.

    Somebody who is called so was a first row once; looking for them would find every such file.
    """
    _common_words.update(word.casefold() for word in words)


def names_nobody(trace: Trace) -> bool:
    """Whether a name is such a word."""
    return trace.kind == Kind.NAME and trace.text.strip().casefold() in _common_words


def holdings() -> list[Holding]:
    """Return all, in the order in which rows may go."""
    return sorted(_holdings.values(), key=lambda h: (h.order, h.model._meta.db_table, h.columns))


def searches() -> dict[str, Search]:
    """Return all, by table."""
    return dict(sorted(_searches.items()))


def impersonal() -> dict[str, str]:
    """Return the tables that hold nobody, with the reasons."""
    return dict(_impersonal)


def kin_of(*, brand_id: int, ids: Sequence[int]) -> dict[int, datetime]:
    """Return who has to go along with members, and when each was taken in."""
    kin: dict[int, datetime] = {}
    for find in _kin:
        kin.update(find(brand_id, ids))
    return kin
