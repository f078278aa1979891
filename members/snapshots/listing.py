"""The snapshots of a segment, as their page, their file and their saved views know them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.access import Permission
from core.kernel.badges import state_badge
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource
from members.segments.models import Segment
from members.snapshots import selectors
from members.snapshots.forms import SnapshotFilterForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.snapshots.models import Snapshot


def form_of(query: Any, _viewer: Viewer) -> SnapshotFilterForm:
    """Return the filters of an address."""
    return SnapshotFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Snapshot]:
    """Return the snapshots that an address means.

    Raises:
        NotFound: there is no such segment in sight, or its counts are not the viewer's.
    """
    number = query.get("segment", "")
    known = viewer.is_brand_wide and number.isascii() and number.isdecimal() and len(number) < 19
    if not known or not Segment.objects.visible_to(viewer).filter(pk=number).exists():
        raise NotFound
    return narrowed(segment_id=int(number), viewer=viewer, form=form_of(query, viewer))


def narrowed(*, segment_id: int, viewer: Viewer, form: SnapshotFilterForm) -> QuerySet[Snapshot]:
    """Return a segment's snapshots that fit the filters; none, where one cannot be read."""
    found = selectors.snapshots_of(segment_id=segment_id, viewer=viewer).select_related("run")
    if not form.is_valid():
        return found.none()
    chosen = form.cleaned_data
    if chosen["who"] == "me":
        found = found.filter(created_by_id=viewer.staff_id)
    if chosen["change"] == "some":
        found = found.exclude(plus_count=0, minus_count=0).exclude(plus_count=None)
    if chosen["change"] == "none":
        found = found.filter(plus_count=0, minus_count=0)
    if chosen["since"]:
        found = found.filter(taken_at__gte=_midnight(chosen["since"]))
    if chosen["until"]:
        found = found.filter(taken_at__lt=_midnight(chosen["until"] + timedelta(days=1)))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def cells(snapshots: Sequence[Snapshot], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw snapshots; one that is not taken says how far it is."""
    for row in snapshots:
        state = "" if row.taken_at or row.run is None else str(state_badge(row.run.state).label)
        yield [
            row.number,
            row.taken_at or state,
            row.member_count,
            row.plus_count,
            row.minus_count,
            row.created_by_label,
        ]


SNAPSHOTS = ListSource(
    label=_("Snapshots of a segment"),
    place="members:snapshots-list",
    permission=Permission.SEGMENTS_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("number", _("Number")),
        Column("taken", pgettext_lazy("snapshot", "Taken")),
        Column("people", _("People")),
        Column("joined", _("Joined")),
        Column("left", _("Left")),
        Column("by", _("Taken by")),
    ),
    cells=cells,
    parents={"segment": "segment_id"},
    is_personal=False,
)
