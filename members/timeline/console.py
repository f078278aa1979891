from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console
from core.kernel.errors import NotFound
from members.profiles.models import Member
from members.timeline.presenting import timeline_of

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


@console(Permission.MEMBERS_VIEW)
def timeline(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Answer the timeline, or what is older than ``before``, to be put into the member's page.

    Who asks without scripts is led to the page itself, which shows the same.
    """
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    if not request.htmx:
        page, query = reverse("members:members-detail", args=[member.pk]), request.GET.urlencode()
        return redirect(f"{page}?{query}" if query else page)
    context = timeline_of(
        member=member, viewer=request.viewer, now=timezone.now(), query=request.GET
    )
    if not request.GET.get("before"):
        return render(request, "members/timeline/_timeline.html", context)
    return render(request, "members/timeline/_entries.html", context | {"takes_focus": True})
