"""Broadcasts, and the deliveries of one, as their pages and their files know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from communities.broadcasts import presenting, selectors
from communities.broadcasts.forms import BroadcastFilterForm, DeliveryFilterForm
from communities.broadcasts.models import Broadcast
from communities.broadcasts.wording import error_text
from core.kernel.access import Permission
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from communities.broadcasts.models import Delivery
    from core.kernel.access import Viewer


def form_of(query: Any, _viewer: Viewer) -> BroadcastFilterForm:
    """Return the filters of an address."""
    return BroadcastFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Broadcast]:
    """Return the broadcasts that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer))


def narrowed(*, viewer: Viewer, form: BroadcastFilterForm) -> QuerySet[Broadcast]:
    """Return the broadcasts that fit the filters; none, where one cannot be read."""
    return form.narrow(Broadcast.objects.visible_to(viewer)).select_related("dealer")


def cells(broadcasts: Sequence[Broadcast], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw broadcasts."""
    for shown in presenting.shown(broadcasts=broadcasts):
        row, progress = shown.row, shown.progress
        yield [
            row.name,
            row.body,
            row.get_state_display(),
            row.get_purpose_display(),
            row.dealer.name if row.dealer else "",
            shown.audience,
            row.scheduled_at,
            row.room_count if row.confirmed_at else None,
            row.people_count if row.confirmed_at else None,
            progress.sent if progress else None,
            progress.failed if progress else None,
        ]


def deliveries_form(query: Any, _viewer: Viewer) -> DeliveryFilterForm:
    """Return the filters of an address."""
    return DeliveryFilterForm(query)


def deliveries(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries of the broadcast that the address names.

    Raises:
        NotFound: there is no such broadcast in sight.
    """
    number = query.get("broadcast", "")
    known = number.isascii() and number.isdecimal() and len(number) < 19
    broadcast = Broadcast.objects.visible_to(viewer).filter(pk=number).first() if known else None
    if broadcast is None:
        raise NotFound
    return narrowed_deliveries(broadcast=broadcast, form=deliveries_form(query, viewer))


def narrowed_deliveries(*, broadcast: Broadcast, form: DeliveryFilterForm) -> QuerySet[Delivery]:
    """Return a broadcast's deliveries that fit the filters; all, where one cannot be read."""
    found = selectors.deliveries_with_reads(broadcast=broadcast)
    if form.is_valid() and form.cleaned_data["state"]:
        found = found.filter(state=form.cleaned_data["state"])
    return found


def delivery_cells(found: Sequence[Any], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw deliveries, each with how many have read it."""
    for row in found:
        is_sent = row.state == "sent"
        yield [
            row.room.name,
            row.room.community.name,
            row.get_state_display(),
            error_text(row.error) if row.error else "",
            row.settled_at if is_sent else None,
            row.people_count,
            row.read_count if is_sent else None,
        ]


BROADCASTS = ListSource(
    label=_("Broadcasts"),
    place="communities:broadcasts-list",
    permission=Permission.BROADCASTS_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("name", _("Broadcast")),
        Column("text", _("Text")),
        Column("state", _("State")),
        Column("purpose", _("Purpose")),
        Column("sender", _("Dealer")),
        Column("audience", _("Audience")),
        Column("time", _("Time")),
        Column("rooms", _("Rooms")),
        Column("people", _("People")),
        Column("arrived", _("Arrived")),
        Column("failed", _("Failed")),
    ),
    cells=cells,
    unit="broadcasts",
    sorts={"added": "id", "-added": "-id"},
    searches=("q",),
    is_personal=False,
)
DELIVERIES = ListSource(
    label=_("Deliveries"),
    place="communities:broadcasts-deliveries",
    permission=Permission.BROADCASTS_VIEW,
    form=deliveries_form,
    rows=deliveries,
    columns=(
        Column("room", _("Room")),
        Column("community", _("Community")),
        Column("state", _("State")),
        Column("error", _("What went wrong")),
        Column("arrived", _("Arrived")),
        Column("people", _("People")),
        Column("read", _("Read")),
    ),
    cells=delivery_cells,
    unit="deliveries",
    order="id",
    parents={"broadcast": "broadcast_id"},
    is_personal=False,
)
