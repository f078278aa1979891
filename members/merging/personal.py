"""What merges keep about a member: who was merged into them, and all that undoing needs.

Whoever was merged into somebody is the same person, so that they go along.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel import crypto
from members.erasure.ports import Holding, Search
from members.erasure.rules import Kind, Trace
from members.erasure.services import stretch
from members.merging.models import MemberMerge
from members.profiles.models import Member, MergedMember

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from members.erasure.ports import Erasing, Searching
    from members.erasure.rules import Traces

NUMBERS, SEALED, MASKED = "customer_no", "phone_cipher", "phone_masked"
# Columns of the rows that a merge put aside, in which people write.
WRITTEN = {"text", "evidence", "withdrawn_evidence"}


def kin_of(brand_id: int, ids: Sequence[int]) -> dict[int, datetime]:
    """Return who was merged into these members and is still, and when each was taken in."""
    rows = MemberMerge.objects.filter(brand_id=brand_id, winner__in=ids, undone_at=None)
    return {
        loser_id: datetime.fromisoformat(row["created_at"]).astimezone(UTC)
        for loser_id, row in rows.values_list("loser_id", "loser")
    }


def _merges(erasing: Erasing) -> Iterator[Trace]:
    """The rows of members that a merge keeps; of one that was undone only a row of their own."""
    mine = set(erasing.ids)
    either = Q(winner__in=erasing.ids) | Q(loser_id__in=erasing.ids)
    for merge in MemberMerge.objects.filter(either, brand_id=erasing.brand_id).order_by("pk"):
        if merge.loser_id in mine:
            yield from _row(merge.loser_id, merge.loser)
            yield Trace(merge.loser_id, Kind.NAME, merge.loser_name)
        if merge.winner_id in mine:
            yield from _row(merge.winner_id, merge.before)
        if merge.winner_id in mine and merge.undone_at is None:
            yield from _row(merge.winner_id, merge.after)


def _row(member_id: int, row: Mapping[str, Any]) -> Iterator[Trace]:
    for key, kind in (("display_name", Kind.NAME), (NUMBERS, Kind.NUMBER), (MASKED, Kind.MASK)):
        if row.get(key):
            yield Trace(member_id, kind, row[key])
    if row.get(SEALED):
        phone = crypto.decrypt(bytes.fromhex(row[SEALED].removeprefix("\\x")))
        yield Trace(member_id, Kind.NUMBER, phone)


def _search(searching: Searching) -> Any:
    """Why people were merged, and what was written in rows that undoing would put back."""
    low, high = stretch(model=MemberMerge, searching=searching)
    rows = MemberMerge.objects.filter(brand_id=searching.brand_id, pk__gt=low, pk__lte=high)
    found = {
        merge.pk: merge.winner_id
        for merge in rows.only("winner_id", "reason", "moved").iterator(chunk_size=200)
        if _differs(merge, searching.traces)
    }
    # First the members, as those do who merge and undo.
    held = Member.objects.filter(brand_id=searching.brand_id, pk__in=found.values())
    list(held.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    changed = list(rows.filter(pk__in=found).order_by("pk").select_for_update(no_key=True))
    for merge in changed:
        merge.reason = searching.traces.without(merge.reason)
        merge.moved = _without(merge.moved, searching.traces)
    MemberMerge.objects.bulk_update(changed, ["reason", "moved"], batch_size=200)
    return high if high > low else None


def _differs(merge: MemberMerge, traces: Traces) -> bool:
    return bool(
        traces.without(merge.reason) != merge.reason or _without(merge.moved, traces) != merge.moved
    )


def _without(kept: Any, traces: Traces) -> Any:
    """Return what a merge keeps of rows; what no person wrote in them stays as it was."""
    if isinstance(kept, list):
        return [_without(each, traces) for each in kept]
    if isinstance(kept, dict):
        return {
            key: traces.without(each)
            if key in WRITTEN and isinstance(each, str)
            else _without(each, traces)
            for key, each in kept.items()
        }
    return kept


HOLDINGS = (
    Holding(
        model=MergedMember,
        columns=("winner_id", "id"),
        label=_("Numbers of merged members"),
        untold="Told with the merge.",
        order=40,  # it refers to the merge
    ),
    Holding(
        model=MemberMerge,
        columns=("winner_id", "loser_id"),
        label=_("Merged members"),
        traces=_merges,
        fields={
            "merged_at": _("Time"),
            "loser_name": _("Merged member"),
            "reason": _("Reason"),
            "merged_by_label": _("By"),
            "undone_at": _("Undone"),
        },
    ),
)
SEARCHES = (Search(model=MemberMerge, columns=("reason", "moved"), step=_search),)
