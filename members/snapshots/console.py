from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from members.segments.models import Segment
from members.snapshots import listing, selectors, services
from members.snapshots.forms import CompareForm
from members.snapshots.models import Snapshot
from members.snapshots.rules import Side, side_of

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 20
MOST_OFFERED = 200


@console(Permission.SEGMENTS_VIEW)
def snapshots_list(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """List a segment's snapshots, the newest first; asks anew while one is being taken."""
    segment = _segment(request, segment_id)
    rows = selectors.snapshots_of(segment_id=segment.pk, viewer=request.viewer)
    filters = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(segment_id=segment.pk, viewer=request.viewer, form=filters),
        order=listing.SNAPSHOTS.order,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    taken = list(rows.exclude(taken_at=None).order_by("-number")[:MOST_OFFERED])
    initial = _newest_two(taken)
    context = {
        "segment": segment,
        "filter_form": filters,
        "rows": [(row, _previous_links(row)) for row in page.rows],
        "next": page.next,
        "previous": page.previous,
        "form": CompareForm(snapshots=taken, initial=initial) if initial else None,
        "is_waiting": any(row.is_being_taken for row in page.rows),
        "may_edit": request.viewer.may(Permission.SEGMENTS_EDIT),
        "sees_runs": request.viewer.may(Permission.RUNS_VIEW),
    }
    name = "members/snapshots"
    return page_or_partial(request, f"{name}/list.html", f"{name}/_list.html", context)


@console(Permission.SEGMENTS_EDIT, methods=("POST",))
def snapshots_take(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Have a snapshot taken."""
    segment = _segment(request, segment_id)
    services.take_snapshot(segment=segment, actor=request.viewer, now=timezone.now())
    messages.success(request, _("The snapshot is being taken"))
    return go_to(request, "members:snapshots-list", segment.pk)


@console(Permission.SEGMENTS_VIEW)
def snapshots_compare(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Lay two snapshots side by side: who joined, who left, who stayed; unasked, the newest."""
    segment = _segment(request, segment_id)
    rows = selectors.snapshots_of(segment_id=segment.pk, viewer=request.viewer)
    taken = list(rows.exclude(taken_at=None).order_by("-number")[:MOST_OFFERED])
    asked = request.GET or _newest_two(taken)
    form = CompareForm(asked or None, snapshots=taken)
    context: dict[str, Any] = {"segment": segment, "form": form}
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if asked else HTTPStatus.OK
        return render(request, "members/snapshots/compare.html", context, status=status)
    by_id = {row.pk: row for row in taken}
    chosen = (by_id[form.cleaned_data["later"]], by_id[form.cleaned_data["earlier"]])
    earlier, later = sorted(chosen, key=lambda row: row.number)
    told = selectors.difference(later=later, earlier=earlier)
    context |= {
        "later": later,
        "earlier": earlier,
        "is_changed": later.tree != earlier.tree,
        "parts": _parts(later, earlier, told),
        "may_export": request.viewer.may(Permission.MEMBERS_VIEW),
    }
    return render(request, "members/snapshots/compare.html", context)


@console(Permission.SEGMENTS_EDIT, methods=("POST",))
def snapshots_delete(request: ConsoleRequest, snapshot_id: int) -> HttpResponseBase:
    """Ask, then forget a snapshot."""
    snapshot = _snapshot(request, snapshot_id)
    segment = snapshot.segment
    if "sure" in request.POST:
        try:
            services.delete_snapshot(snapshot=snapshot, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Snapshot deleted"))
        return go_to(request, "members:snapshots-list", segment.pk)
    heading = _("Delete snapshot no. %(number)s of “%(segment)s”?")
    context = {
        "id": "delete-snapshot",
        "heading": heading % {"number": snapshot.number, "segment": segment.name},
        "text": _("Whom it named cannot be found out again. Other snapshots keep their counts."),
        "fields": [("sure", "1")],
        "action": reverse("members:snapshots-delete", args=[snapshot.pk]),
        "button": _("Delete 1 snapshot"),
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


def _newest_two(taken: list[Snapshot]) -> dict[str, int]:
    return {"later": taken[0].pk, "earlier": taken[1].pk} if len(taken) > 1 else {}


def _parts(
    later: Snapshot, earlier: Snapshot, told: selectors.Difference
) -> list[tuple[str, str, str, str]]:
    """Return each side: its name, how many, and the addresses of its list and of its file."""
    named = (
        (Side.PLUS, _("Joined"), told.plus),
        (Side.MINUS, _("Left"), told.minus),
        (Side.STAYED, _("Stayed"), told.stayed),
    )
    shown = []
    for side, label, number in named:
        asked = f"snapshot={side_of(side=side, later=later.pk, earlier=earlier.pk)}"
        members = f"{reverse('members:members-list')}?{asked}"
        export = f"{reverse('core:exports-new')}?list=members&{asked}"
        shown.append((label, formats.grouped(number), members, export))
    return shown


def _previous_links(row: Snapshot) -> dict[str, str]:
    """Return the addresses of who is in a snapshot, and of who joined and left before it."""
    members = reverse("members:members-list")
    if row.previous_id is None:
        return {"all": f"{members}?snapshot={row.pk}"}
    plus, minus = (
        side_of(side=side, later=row.pk, earlier=row.previous_id)
        for side in (Side.PLUS, Side.MINUS)
    )
    return {
        "all": f"{members}?snapshot={row.pk}",
        "plus": f"{members}?snapshot={plus}",
        "minus": f"{members}?snapshot={minus}",
    }


def _segment(request: ConsoleRequest, segment_id: int) -> Segment:
    """Return the segment; its snapshots count the whole brand, and exist for no one else."""
    rows = Segment.objects.visible_to(request.viewer)
    segment = rows.filter(pk=segment_id).first() if request.viewer.is_brand_wide else None
    if segment is None:
        raise NotFound
    return segment


def _snapshot(request: ConsoleRequest, snapshot_id: int) -> Snapshot:
    rows = Snapshot.objects.visible_to(request.viewer).select_related("segment")
    snapshot = rows.filter(pk=snapshot_id).first()
    if snapshot is None:
        raise NotFound
    return snapshot
