from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.kernel.errors import InvalidInput, NotFound
from members.merging import moving
from members.merging.models import MemberMerge
from members.merging.ports import merged_fields, moved_rows
from members.profiles.models import Member, MergedMember

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Viewer

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of both. ``is_open`` when people choose; otherwise ``outcome`` is what will be."""

    key: str
    label: _StrOrPromise
    mine: str
    theirs: str
    is_open: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows of one table that move, and how those are settled that cannot."""

    table: str
    label: _StrOrPromise
    number: int
    clashes: list[tuple[_StrOrPromise, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do."""

    winner: Member
    loser: Member
    facts: list[Fact]
    holdings: list[Holding]


def preview_of(*, winner_id: int, loser_id: int, viewer: Viewer) -> Preview:
    """Return what would move and what has to be chosen; writes nothing.

    Raises:
        InvalidInput: both are the same.
        NotFound: one of them does not exist for the viewer.
    """
    if winner_id == loser_id:
        raise InvalidInput.on("/loser", _("Choose two different members."), "same_member")
    rows = Member.objects.visible_to(viewer).select_related("city", "home_dealer")
    found = rows.in_bulk([winner_id, loser_id])
    if len(found) < 2:
        raise NotFound
    winner, loser = found[winner_id], found[loser_id]
    values = {"brand": viewer.brand_id, "winner": winner.pk, "loser": loser.pk}
    holdings = []
    for each in moved_rows().values():
        number = moving.count(each, values) if each.is_shown else 0
        clashes = [
            (clash.words, pairs)
            for clash in each.clashes
            if number and (pairs := len(moving.clashing(each, clash, values)))
        ]
        if number:
            holdings.append(Holding(each.table, each.label, number, clashes))
    return Preview(winner, loser, _facts(winner, loser), holdings)


def _facts(winner: Member, loser: Member) -> list[Fact]:
    facts = []
    for each in merged_fields():
        mine, theirs = each.shown(winner), each.shown(loser)
        column = each.columns[0]
        had, has = getattr(winner, column), getattr(loser, column)
        if isinstance(had, memoryview) or isinstance(has, memoryview):
            had, has = bytes(had or b""), bytes(has or b"")
        if each.combined:
            known = sorted((v, text) for v, text in ((had, mine), (has, theirs)) if v)
            first = 0 if each.combined.startswith("least") else -1
            outcome = known[first][1] if known else ""
            is_open = False
        else:
            is_open = bool(had) and bool(has) and had != has
            outcome = mine if had else theirs
        if had or has:
            facts.append(Fact(each.key, each.label, mine, theirs, is_open, outcome))
    return facts


def merges_of(*, member: Member, viewer: Viewer) -> Sequence[MemberMerge]:
    """Return what was merged into a member, the newest first."""
    rows = MemberMerge.objects.visible_to(viewer).filter(winner=member)
    return list(rows.order_by("-pk")[:MOST_SHOWN])


def sees_both(*, merge: MemberMerge, viewer: Viewer) -> bool:
    """Whether the viewer, who sees the winner, would see the loser too if they came back."""
    return viewer.dealer_ids is None or merge.loser["home_dealer_id"] in viewer.dealer_ids


def winner_of(*, member_id: int, viewer: Viewer) -> int | None:
    """Return whom a merged member lives on in, where the viewer may see that one."""
    merged = MergedMember.objects.filter(brand_id=viewer.brand_id, pk=member_id).first()
    if merged is None:
        return None
    seen = Member.objects.visible_to(viewer).filter(pk=merged.winner_id)
    return seen.values_list("pk", flat=True).first()


def merged_names(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, str]:
    """Return what members were called who are part of others now, by the number they had."""
    rows = MemberMerge.objects.visible_to(viewer).filter(loser_id__in=ids, undone_at=None)
    return dict(rows.values_list("loser_id", "loser_name"))
