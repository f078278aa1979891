from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Min, QuerySet

from core.runs.models import Run
from members.lifecycle import moving
from members.lifecycle.models import StageChange, StagePolicy
from members.lifecycle.moving import Whom
from members.lifecycle.rules import STAGES, Terms
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.kernel.access import Viewer

KIND = "lifecycle"
RECENT = timedelta(days=30)
WINDOWS = (30, 90, 180)  # days that flows are shown over
# A preview looks at everybody up to this many; beyond, at as many, evenly drawn.
PREVIEWED = 100_000
DRAWS = 50


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that hold, and since which version."""

    terms: Terms
    version: int


@dataclass(frozen=True, slots=True)
class Column:
    """A stage on the board, with who came and who went within 30 days."""

    stage: str
    count: int
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class Flow:
    """How often members went from one stage to another within a window."""

    from_stage: str
    to_stage: str
    count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What rules would move now: by stages, of how many members looked at.

    ``scale`` is by how much the counts are to be multiplied; above 1 they are an estimate.
    """

    moves: dict[tuple[str, str], int] = field(default_factory=dict)
    scale: float = 1.0

    def times(self, pair: tuple[str, str]) -> int:
        """Return how many would go from one stage to the other, everybody counted."""
        return round(self.moves.get(pair, 0) * self.scale)


@dataclass(frozen=True, slots=True)
class Move:
    """How many members of a stage would go to another now: by the rules in force, by others."""

    from_stage: str
    to_stage: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What other rules would change: their moves in the order of the stages."""

    moves: list[Move]
    is_estimate: bool

    @property
    def now(self) -> int:
        """How many the rules in force would move."""
        return sum(move.now for move in self.moves)

    @property
    def then(self) -> int:
        """How many the other rules would move."""
        return sum(move.then for move in self.moves)


def in_force(*, brand_id: int) -> InForce:
    """Return the rules that hold for a brand; the defaults are version 0."""
    policy = versions(brand_id=brand_id).first()
    return InForce(policy.terms, policy.policy_version) if policy else InForce(Terms(), 0)


def versions(*, brand_id: int) -> QuerySet[StagePolicy]:
    """Return every version of a brand's rules, the newest first."""
    return StagePolicy.objects.filter(brand_id=brand_id).order_by("-policy_version")


def terms_of_versions(*, brand_id: int, numbers: Iterable[int]) -> dict[int, Terms]:
    """Return the numbers that versions said; version 0 is the defaults."""
    rows = StagePolicy.objects.filter(brand_id=brand_id, policy_version__in=set(numbers))
    return {0: Terms()} | {row.policy_version: row.terms for row in rows}


def board(*, viewer: Viewer, now: datetime) -> list[Column]:
    """Return the six stages with how many of the viewer's members are in each."""
    counted = Member.objects.visible_to(viewer).order_by().values_list("stage")
    held = dict(counted.annotate(number=Count("id")))
    came: dict[str, int] = {}
    went: dict[str, int] = {}
    for flow in flows(viewer=viewer, since=now - RECENT):
        came[flow.to_stage] = came.get(flow.to_stage, 0) + flow.count
        went[flow.from_stage] = went.get(flow.from_stage, 0) + flow.count
    return [Column(s, held.get(s, 0), came.get(s, 0), went.get(s, 0)) for s in STAGES]


def flows(*, viewer: Viewer, since: datetime) -> list[Flow]:
    """Return how often members went between stages since a moment, in the order of the stages."""
    rows = StageChange.objects.visible_to(viewer).filter(at__gte=since)
    counted = rows.order_by().values_list("from_stage", "to_stage").annotate(number=Count("id"))
    found = [Flow(*row) for row in counted]
    places = {stage: place for place, stage in enumerate(STAGES)}
    return sorted(found, key=lambda flow: (places[flow.from_stage], places[flow.to_stage]))


def history(*, member: Member) -> QuerySet[StageChange]:
    """Return a member's changes of stage, the newest first, with those of merged members."""
    rows = StageChange.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    return rows.order_by("-at", "-id")


def newest_own(*, member: Member) -> StageChange | None:
    """Return the change that put a member where they are; not of anybody merged into them."""
    return history(member=member).filter(of_merged=None).first()


def preview(*, brand_id: int, terms: Terms, now: datetime) -> Preview:
    """Return what rules would move if they were applied now.

    A brand of many is sampled: the page must not wait for a walk over millions.
    """
    rows = Member.objects.filter(brand_id=brand_id)
    total = rows.count()
    if total <= PREVIEWED:
        whom, scale = Whom.everybody(), 1.0
    else:
        ends = rows.aggregate(first=Min("id"), last=Max("id"))
        reach, each = ends["last"] - ends["first"] + 1, PREVIEWED // DRAWS
        starts = [ends["first"] + reach * draw // DRAWS for draw in range(DRAWS)]
        whom, scale = Whom.sampled(starts, each), total / PREVIEWED
    moves = moving.count_due(brand_id=brand_id, whom=whom, terms=terms, now=now)
    return Preview(moves, scale)


def effect(*, brand_id: int, terms: Terms, now: datetime) -> Effect:
    """Return whom ``terms`` would move if they were applied now, beside the rules in force."""
    held = preview(brand_id=brand_id, terms=in_force(brand_id=brand_id).terms, now=now)
    tried = preview(brand_id=brand_id, terms=terms, now=now)
    places = {stage: place for place, stage in enumerate(STAGES)}
    pairs = sorted({*held.moves, *tried.moves}, key=lambda pair: [places[each] for each in pair])
    moves = [Move(*pair, now=held.times(pair), then=tried.times(pair)) for pair in pairs]
    return Effect(moves, is_estimate=tried.scale > 1)


def newest_run(*, brand_id: int) -> Run | None:
    """Return the run that last walked over everybody, or is doing so."""
    return Run.objects.filter(brand_id=brand_id, kind=KIND).order_by("-pk").first()


def next_stretch(*, brand_id: int, after: int, size: int) -> tuple[int, int] | None:
    """Return the last key and the number of the next ``size`` members, or None at the end."""
    ahead = Member.objects.filter(brand_id=brand_id, pk__gt=after).order_by("pk")[:size]
    found = ahead.aggregate(end=Max("pk"), number=Count("pk"))
    return (found["end"], found["number"]) if found["number"] else None
