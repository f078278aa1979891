from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.communities.services import TAKES_MEMBERS
from communities.group_building import selectors as build_selectors
from communities.memberships import selectors, services
from communities.memberships.forms import SeatForm
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal
from core.kernel.errors import DomainError, NotFound
from core.kernel.feedback import done

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from communities.memberships.models import Membership

REFUSED = 422
CHANGED = "communities-changed"
ROOMS_OFFERED = 100


def _fetch(request: ConsoleRequest, membership_id: int) -> Membership:
    seat = selectors.seats(viewer=request.viewer).filter(pk=membership_id).first()
    if seat is None:
        raise NotFound(_("This person has left the community."))
    return seat


@console(Permission.COMMUNITIES_VIEW)
def memberships_detail(request: ConsoleRequest, membership_id: int) -> HttpResponseBase:
    """Say why somebody sits where they sit, and what can be done about it."""
    [seat] = selectors.marked([_fetch(request, membership_id)])
    context = {
        "seat": seat,
        "id": f"seat-{seat.pk}",
        "reasons": build_selectors.reasons_for(seat=seat),
        "run": build_selectors.run_of(seat=seat, viewer=request.viewer),
        "may_edit": request.viewer.may(Permission.COMMUNITIES_EDIT)
        and seat.community.state in TAKES_MEMBERS,
    }
    return render(request, "communities/memberships/why_drawer.html", context)


@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def memberships_edit(request: ConsoleRequest, membership_id: int) -> HttpResponseBase:
    """Move somebody to another room of the community, or give them another role."""
    seat = _fetch(request, membership_id)
    form = SeatForm(
        request.POST or None,
        rooms=_rooms(seat),
        initial={"role": seat.role, "room": seat.room_id},
    )
    if request.method == "POST" and form.is_valid():
        room, role, now = form.cleaned_data["room"], form.cleaned_data["role"], timezone.now()
        try:
            seat = services.move_member(
                membership=seat, room_id=room.pk, actor=request.viewer, now=now
            )
            services.change_role(membership=seat, role=role, actor=request.viewer, now=now)
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return done(text=_("Seat saved"), close=True, changed=CHANGED)
    context: dict[str, Any] = {
        "form": form,
        "seat": seat,
        "id": f"seat-edit-{seat.pk}",
        "action": request.path,
    }
    status = REFUSED if form.is_bound else 200
    return render(request, "communities/memberships/edit_drawer.html", context, status=status)


def _rooms(seat: Membership) -> Any:
    """Return where the member could sit; a community of thousands of rooms offers the first."""
    rooms = Room.objects.filter(brand_id=seat.brand_id, community_id=seat.community_id)
    free = rooms.with_seats().order_by("number").values("pk")[:ROOMS_OFFERED]
    return rooms.filter(Q(pk__in=free) | Q(pk=seat.room_id)).order_by("number")


@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def memberships_remove(request: ConsoleRequest, membership_id: int) -> HttpResponseBase:
    """Free somebody's seat, once the effect was read."""
    seat = _fetch(request, membership_id)
    if request.method == "POST":
        services.remove_member(membership=seat, actor=request.viewer, now=timezone.now())
        return done(text=_("Removed from the community"), close=True, changed=CHANGED)
    context = {"seat": seat, "id": f"seat-remove-{seat.pk}", "action": request.path}
    return render(request, "communities/memberships/remove.html", context)
