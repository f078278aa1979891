"""What members put on the workbench: how many the viewer has, and what they bought lately."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from core.workbench.ports import Figure
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer


def member_figures(*, viewer: Viewer, now: datetime) -> Sequence[Figure]:
    """Return how many members are in sight: exact, so asked for apart from the page."""
    del now
    count = Member.objects.visible_to(viewer).count()
    here = reverse("members:members-list")
    return [Figure(_("Members"), count, _("people"), url=here)]
