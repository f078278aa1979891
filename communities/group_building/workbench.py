"""What build runs put on the workbench: previews that wait for a word."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from communities.group_building.models import BuildRun
from core.kernel.formats import grouped
from core.workbench.ports import Todo, Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

MOST_SHOWN = 5
NEWS = timedelta(days=14)


def waiting_previews(*, viewer: Viewer, now: datetime) -> Sequence[Todo]:
    """Find previews that would place people and that nobody has confirmed or discarded."""
    rows = BuildRun.objects.visible_to(viewer).filter(
        state=BuildRun.State.PREVIEWED, created_at__gt=now - NEWS
    )
    return [
        Todo(
            title=_("Build run waits to be confirmed: %s") % run.plan["rule_name"],
            detail=_("%(people)s people, %(rooms)s new rooms")
            % {
                "people": grouped(run.preview["placed"]),
                "rooms": grouped(run.preview["new_rooms"]),
            },
            url=reverse("communities:build-runs-detail", args=[run.pk]),
            action=_("Look at the preview"),
            urgency=Urgency.TODAY,
            icon="users",
        )
        for run in rows.order_by("-pk")[:MOST_SHOWN]
        if run.preview.get("placed")
    ]
