from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, go_to
from core.kernel.errors import NotFound
from members.live import selectors, services
from members.segments.models import Segment

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


@console(Permission.SEGMENTS_VIEW)
def live_state(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Show whether the segment is kept up to date, and as of when; asks anew by itself."""
    segment = _segment(request, segment_id)
    live = selectors.live_of(segment=segment)
    now = timezone.now()
    seconds = None
    if live is not None and live.refreshed_at is not None:
        seconds = max(int((now - live.refreshed_at).total_seconds()), 0)
    context = {
        "segment": segment,
        "live": live,
        "seconds": seconds,
        "sees_counts": request.viewer.is_brand_wide,
        "may_edit": request.viewer.may(Permission.SEGMENTS_EDIT),
    }
    return render(request, "members/live/_state.html", context)


@console(Permission.SEGMENTS_EDIT, methods=("POST",))
def live_switch(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Keep the segment's members from now on, or no longer with ``off``."""
    segment, now = _segment(request, segment_id), timezone.now()
    if request.POST.get("off"):
        services.switch_off(segment=segment, actor=request.viewer, now=now)
        messages.success(request, _("The segment is no longer kept up to date"))
    else:
        services.switch_on(segment=segment, actor=request.viewer, now=now)
        messages.success(request, _("The segment is kept up to date from now on"))
    return go_to(request, "members:segments-detail", segment.pk)


def _segment(request: ConsoleRequest, segment_id: int) -> Segment:
    segment = Segment.objects.visible_to(request.viewer).filter(pk=segment_id).first()
    if segment is None:
        raise NotFound
    return segment
