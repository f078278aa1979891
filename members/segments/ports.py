"""What a condition of a segment must offer, and where every app registers its own.

A criterion never sees a request and never pastes a value: it returns SQL written by us with
``%s`` in place of every value, and the values beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of a statement and the values of its placeholders, in order."""

    text: str = ""
    params: tuple[Any, ...] = ()

    def __add__(self, other: Sql | str) -> Sql:
        """Return both, one after the other."""
        if isinstance(other, str):
            return Sql(self.text + other, self.params)
        return Sql(self.text + other.text, self.params + other.params)

    def within(self, before: str, after: str) -> Sql:
        """Return this piece between two others."""
        return Sql(before + self.text + after, self.params)

    @classmethod
    def join(cls, separator: str, parts: Iterable[Sql]) -> Sql:
        """Return the parts with ``separator`` between them."""
        pieces = list(parts)
        return cls(
            separator.join(piece.text for piece in pieces),
            tuple(value for piece in pieces for value in piece.params),
        )


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on one member's own row, under the alias ``m``; NULL counts as no."""

    sql: Sql


@dataclass(frozen=True, slots=True)
class Ids:
    """A SELECT whose only column, ``member_id``, names members; they may repeat.

    ``inverted`` means everybody but these: "at most one order" is not "two orders or more".
    ``heavy`` tells that it adds up rows per member, so the fewer members it looks at the better.
    """

    sql: Sql
    inverted: bool = False
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What a condition is evaluated in: whose members, at which moment, and whom to look at.

    ``only`` narrows the work to these members: one to explain, a thousand to refresh, or a SELECT
    of those who meet all the light conditions. ``span`` narrows to ids above the first and up to
    the second: a run's next stretch.
    """

    brand_id: int
    now: datetime
    dealer_ids: tuple[int, ...] | None = None
    span: tuple[int, int] | None = None
    only: tuple[int, ...] | Sql | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin."""
        return ZoneInfo(settings.TIME_ZONE)

    @property
    def today(self) -> date:
        """The calendar day of ``now``."""
        return self.now.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """Return the moment at which ``day`` begins."""
        return datetime.combine(day, time(), tzinfo=self.zone)

    def end_of(self, day: date) -> datetime:
        """Return the moment at which the day after ``day`` begins."""
        return self.start_of(day + timedelta(days=1))

    def rows_of(self, select: str, brand: str, member: str) -> Sql:
        """Start a SELECT: ``select``, then the brand and, where asked, the members looked at.

        ``brand`` and ``member`` are the columns that hold them.
        """
        sql = Sql(f"{select} WHERE {brand} = %s", (self.brand_id,))
        if self.span is not None:
            sql += Sql(f" AND {member} > %s AND {member} <= %s", self.span)
        if isinstance(self.only, Sql):
            # As an array: one walk along the index, where a join would descend it per member.
            sql += self.only.within(f" AND {member} = ANY(ARRAY(", "))")
        elif self.only is not None:
            sql += Sql(f" AND {member} = ANY(%s)", (list(self.only),))
        return sql


class InputKind(StrEnum):
    """What a person fills in; the builder has one control for each."""

    CHOICES = "choices"  # several of ``options``
    NUMBER = "number"
    DECIMAL = "decimal"  # a number with at most ``places`` digits behind its point
    MONEY = "money"  # integer fen; shown as yuan
    DAYS = "days"  # the last so many days, as a window
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose; ``group`` is the heading it stands under."""

    value: int | str
    label: _StrOrPromise
    group: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """One part of a condition's value.

    ``options`` returns what the brand can choose from. Where it offers the newest of very many
    only, ``existing`` returns those of the given choices that there are. ``advanced`` ones the
    builder folds away.
    """

    name: str
    kind: InputKind
    label: _StrOrPromise
    required: bool = True
    options: Callable[[int], Sequence[Option]] | None = None
    existing: Callable[[int, Collection[int | str]], set[int | str]] | None = None
    low: int = 0
    high: int = 10**12
    unit: _StrOrPromise = ""
    default: Any = None
    advanced: bool = False
    places: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a field is compared, and what has to be filled in for it. The first input is the main
    one: a value that is no object is that input's value alone.
    """

    key: str
    label: _StrOrPromise
    inputs: tuple[Input, ...] = ()


# Turns a frame, a comparison and its checked values into SQL. The values map names of inputs to
# typed values; what was left empty is absent.
Compile = Callable[[Frame, str, Mapping[str, Any]], Where | Ids]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A field that conditions can be about; a hidden one is read where it stands already."""

    field: str
    label: _StrOrPromise
    group: _StrOrPromise
    comparisons: tuple[Comparison, ...]
    compile: Compile
    order: int = 100
    is_hidden: bool = False

    def comparison(self, key: str) -> Comparison | None:
        """Return one way of comparing, or None."""
        return next((cmp for cmp in self.comparisons if cmp.key == key), None)


# Returns the criteria that one brand has besides everybody's.
BrandCriteria = Callable[[int], "Sequence[Criterion]"]


class Fields(Protocol):
    """The fields that conditions of a tree may name."""

    def get(self, key: str) -> Criterion | None:
        """Return a field, or None."""

    def all(self) -> list[Criterion]:
        """Return the fields in the order in which the builder offers them."""


@dataclass(slots=True)
class Registry:
    """Every field known to this installation; ``of`` adds those that a brand declared itself."""

    criteria: dict[str, Criterion] = field(default_factory=dict)
    of_brands: dict[str, BrandCriteria] = field(default_factory=dict)

    def register(self, *criteria: Criterion) -> None:
        """Announce fields; called from ``AppConfig.ready``. Doing it twice is harmless."""
        self.criteria.update({criterion.field: criterion for criterion in criteria})

    def register_of_brands(self, prefix: str, load: BrandCriteria) -> None:
        """Announce where the fields come from whose names begin with ``prefix``."""
        self.of_brands[prefix] = load

    def get(self, key: str) -> Criterion | None:
        """Return a field, or None."""
        return self.criteria.get(key)

    def all(self) -> list[Criterion]:
        """Return the fields in the order in which the builder offers them."""
        return sorted(self.criteria.values(), key=lambda criterion: criterion.order)

    def of(self, brand_id: int) -> Fields:
        """Return the fields of one brand; its own are read when the first of them is asked for."""
        return _BrandFields(self, brand_id)


@dataclass(slots=True)
class _BrandFields:
    registry: Registry
    brand_id: int
    own: dict[str, dict[str, Criterion]] = field(default_factory=dict)

    def get(self, key: str) -> Criterion | None:
        for prefix in self.registry.of_brands:
            if key.startswith(prefix):
                return self._of(prefix).get(key)
        return self.registry.get(key)

    def all(self) -> list[Criterion]:
        own = (each for prefix in self.registry.of_brands for each in self._of(prefix).values())
        every = [*self.registry.all(), *(each for each in own if not each.is_hidden)]
        return sorted(every, key=lambda criterion: criterion.order)

    def _of(self, prefix: str) -> dict[str, Criterion]:
        if prefix not in self.own:
            made = self.registry.of_brands[prefix](self.brand_id)
            self.own[prefix] = {criterion.field: criterion for criterion in made}
        return self.own[prefix]


registry = Registry()
register_criteria = registry.register
register_criteria_of_brands = registry.register_of_brands

GROUP_PROFILE = _("Profile")
GROUP_TAGS = _("Tags")
GROUP_VEHICLES = _("Vehicles")
GROUP_ORDERS = _("Orders")
GROUP_COMMUNITIES = _("Communities")
GROUP_OTHER = _("Other")
