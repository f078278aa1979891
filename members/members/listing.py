"""The list of members, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel import formats
from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from members.custom_fields import selectors as custom_fields
from members.members import ports, selectors
from members.members.forms import CUSTOM, MemberFilterForm
from members.profiles.models import Stage
from members.segments.models import Segment
from members.snapshots.rules import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member

LONGEST_SEARCH = 80
BEFORE_EXTRA = (
    Column("name", _("Member")),
    Column("phone", _("Phone")),
    Column("car", _("Vehicle")),
    Column("vin", _("VIN tail")),
    Column("stage", _("Stage")),
    Column("tags", _("Tags")),
    Column("dealer", _("Home dealer")),
)
AFTER_EXTRA = (
    Column("city", _("City")),
    Column("active", _("Last active")),
    Column("added", _("Added")),
)


def form_of(query: Any, viewer: Viewer) -> MemberFilterForm:
    """Return the filters of an address."""
    return MemberFilterForm(query, viewer=viewer)


def chosen_of(form: MemberFilterForm, viewer: Viewer) -> dict[str, Any]:
    """Return what narrows the list; a filter that names nothing there is finds nobody."""
    if not form.is_valid():
        # An address somebody typed or kept: show nobody instead of everybody.
        return {"stage": "-"}
    given = form.cleaned_data
    chosen = {name: value for name, value in given.items() if not name.startswith(CUSTOM)}
    chosen["custom"] = form.custom_chosen()
    if number := chosen.pop("segment", ""):
        chosen["segment"] = Segment.objects.visible_to(viewer).get(pk=number)
    if written := chosen.pop("snapshot", ""):
        chosen["snapshot"] = part_of(written)
    return chosen


def rows(
    *, viewer: Viewer, query: Any, now: datetime, span: tuple[int, int] | None = None
) -> QuerySet[Member]:
    """Return the members whom an address means."""
    chosen = chosen_of(form_of(query, viewer), viewer)
    return found(viewer=viewer, chosen=chosen, text=query.get("q", ""), now=now, span=span)


def found(
    *,
    viewer: Viewer,
    chosen: dict[str, Any],
    text: str,
    now: datetime,
    span: tuple[int, int] | None = None,
) -> QuerySet[Member]:
    """Return the members who meet what was chosen and typed, with what a line shows of each."""
    met = selectors.narrowed(
        viewer=viewer, now=now, chosen=chosen, query=text[:LONGEST_SEARCH], span=span
    )
    return met.select_related("city", "home_dealer")


def add_columns(lines: list[selectors.Line], viewer: Viewer) -> list[tuple[str, Any]]:
    """Put what other apps know beside each line; return class and label of the columns."""
    ids, added = [line.member.pk for line in lines], []
    for key, column in ports.columns_for(viewer):
        known = column.load(ids, viewer) if ids else {}
        for line in lines:
            line.extra.append((f"c-{key}", column.label, known.get(line.member.pk, ())))
        added.append((f"c-{key}", column.label))
    return added


def columns(viewer: Viewer) -> list[Column]:
    """Return the columns: those other apps add where the page has them, the brand's own last."""
    extra = [Column(key, column.label) for key, column in ports.columns_for(viewer)]
    own = custom_fields.specs(brand_id=viewer.brand_id)
    asked = [Column(spec.name, spec.label) for spec in own]
    return [*BEFORE_EXTRA, *extra, *AFTER_EXTRA, *asked]


def cells(members: Sequence[Member], viewer: Viewer) -> Iterator[list[Any]]:
    """Draw members as the page does: names, numbers and other personal values masked."""
    lines = selectors.lines_of(members=members)
    add_columns(lines, viewer)
    stages = dict(Stage.choices)
    own = custom_fields.specs(brand_id=viewer.brand_id)
    ids = [member.pk for member in members]
    held = custom_fields.values_of(brand_id=viewer.brand_id, member_ids=ids, fields=own)
    for line in lines:
        member, car = line.member, line.cars[0] if line.cars else None
        yield [
            formats.masked_name(member.display_name),
            member.phone_masked,
            car.vehicle.model.name if car and car.vehicle.model else "",
            car.vehicle.vin_tail if car else "",
            stages.get(member.stage, member.stage),
            [held.tag.name for held in line.tags],
            member.home_dealer.name if member.home_dealer else "",
            *([name for name, _url in names] for _css, _label, names in line.extra),
            member.city.short_name if member.city else "",
            member.last_active_at,
            member.created_at,
            *(
                custom_fields.told(spec=spec, value=held[member.pk].get(spec.key), is_masked=True)
                for spec in own
            ),
        ]


MEMBERS = ListSource(
    label=_("Members"),
    place="members:members-list",
    permission=Permission.MEMBERS_VIEW,
    form=form_of,
    rows=rows,
    rows_within=rows,
    columns=columns,
    cells=cells,
    unit="people",
    # The key is given out as members come in, so it orders them by when they were added.
    sorts={"added": "id", "-added": "-id"},
    searches=("q",),
)
