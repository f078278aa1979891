"""The entries of the brand and of one member, as their pages and their files know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource
from events.points import selectors
from events.points.forms import EntryFilterForm
from events.points.presenting import source_of
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from events.points.models import PointsEntry

COLUMNS = (
    Column("member", _("Member")),
    Column("phone", _("Phone")),
    Column("ledger", _("Ledger")),
    Column("kind", _("Kind")),
    Column("amount", pgettext_lazy("points", "Amount")),
    Column("state", _("State")),
    Column("reason", _("Reason")),
    Column("source", _("Source")),
    Column("source_id", _("Number there")),
    Column("occurred", _("Occurred")),
    Column("expires", _("Expires")),
    Column("by", pgettext_lazy("points", "By")),
)


def form_of(query: Any, _viewer: Viewer) -> EntryFilterForm:
    """Return the filters of an address."""
    return EntryFilterForm(query)


def narrowed(*, rows: QuerySet[PointsEntry], form: EntryFilterForm) -> QuerySet[PointsEntry]:
    """Return the entries that fit."""
    if not form.is_valid():
        return rows.none()
    return rows.filter(**{name: value for name, value in form.cleaned_data.items() if value})


def rows_of_brand(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[PointsEntry]:
    """Return the entries in sight that an address means."""
    return narrowed(rows=selectors.entries(viewer=viewer), form=form_of(query, viewer))


def rows_of_member(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[PointsEntry]:
    """Return the entries of the member that the address names.

    Raises:
        NotFound: there is no such member in sight.
    """
    number = query.get("member", "")
    known = number.isascii() and number.isdecimal() and len(number) < 19
    if not known or not Member.objects.visible_to(viewer).filter(pk=number).exists():
        raise NotFound
    rows = selectors.entries(viewer=viewer).filter(member_id=number)
    return narrowed(rows=rows, form=form_of(query, viewer))


def cells(entries: Sequence[PointsEntry], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw entries with whose they are, masked."""
    for entry in entries:
        yield [
            formats.masked_name(entry.member.display_name),
            entry.member.phone_masked,
            entry.get_ledger_display(),
            entry.get_kind_display(),
            entry.amount,
            entry.get_state_display(),
            entry.reason,
            source_of(entry),
            entry.source_id,
            entry.occurred_at,
            entry.expires_at,
            entry.created_by_label,
        ]


ENTRY_LIST = ListSource(
    label=_("Movements of points"),
    place="events:points-list",
    permission=Permission.POINTS_VIEW,
    form=form_of,
    rows=rows_of_brand,
    columns=COLUMNS,
    cells=cells,
    unit="rows",
)
MEMBER_ENTRIES = ListSource(
    label=_("Points of a member"),
    place="events:points-of-member",
    permission=Permission.POINTS_VIEW,
    form=form_of,
    rows=rows_of_member,
    columns=COLUMNS,
    cells=cells,
    unit="rows",
    order="-occurred_at",
    parents={"member": "member_id"},
)
