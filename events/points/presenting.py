"""Entries as templates show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel import formats
from core.kernel.access import Permission
from events.points.models import Kind, PointsEntry, State
from events.points.rules import BY_HAND, EXPIRY, REVERSAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kernel.access import Viewer

TONES = {
    Kind.EARN: "ok",
    Kind.SPEND: "primary",
    Kind.REVERSE: "plum",
    Kind.EXPIRE: "",
    Kind.ADJUST: "warn",
}
# Entries that the product writes of itself; every other source is a name the brand chose.
OWN_SOURCES = {
    BY_HAND: pgettext_lazy("points source", "By hand"),
    REVERSAL: pgettext_lazy("points source", "Reversal"),
    EXPIRY: pgettext_lazy("points source", "Expiry"),
}
COLUMNS = [
    ("c-reason", _("Reason")),
    ("c-source", _("Source")),
    ("c-expires", _("Expires")),
    ("c-by", _("By")),
]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, and what the viewer can do with it."""

    entry: PointsEntry
    amount: str
    tone: str
    source: str
    left: int
    may_reverse: bool
    may_settle: bool


def lines_of(*, entries: Sequence[PointsEntry], viewer: Viewer) -> list[Line]:
    """Return the entries of a page; how much of each was taken back is read for all at once."""
    rows = PointsEntry.objects.filter(
        brand_id=viewer.brand_id, reverses_id__in=[entry.pk for entry in entries]
    )
    sums = rows.values_list("reverses_id").annotate(sum=Sum("amount"))
    back = dict(sums.order_by()) if entries else {}
    may_edit = viewer.may(Permission.POINTS_EDIT)
    return [_line(entry, back.get(entry.pk, 0), may_edit=may_edit) for entry in entries]


def _line(entry: PointsEntry, back: int, *, may_edit: bool) -> Line:
    left = abs(entry.amount + back)
    counts = entry.state == State.CONFIRMED and entry.kind != Kind.REVERSE
    return Line(
        entry,
        signed(entry.amount),
        TONES[Kind(entry.kind)],
        source_of(entry),
        left,
        may_reverse=may_edit and counts and left > 0,
        may_settle=may_edit and entry.state == State.PENDING,
    )


def source_of(entry: PointsEntry) -> str:
    """Return where an entry came from: in words where it is the product itself."""
    return str(OWN_SOURCES.get(entry.source, entry.source))


def signed(amount: int) -> str:
    """Return an amount with its sign, as people read it."""
    return f"{'+' if amount > 0 else '−'}{formats.grouped(abs(amount))}"


def in_words(entry: PointsEntry) -> str:
    """Return an entry in one line: whose, of what ledger and kind, how much, when and why."""
    parts = (
        formats.masked_name(entry.member.display_name),
        str(entry.get_ledger_display()),
        f"{entry.get_kind_display()} {signed(entry.amount)}",
        formats.exact(entry.occurred_at),
        entry.reason,
    )
    return " · ".join(part for part in parts if part)
