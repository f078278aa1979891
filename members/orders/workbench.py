"""What orders put on the workbench."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.workbench.ports import Figure
from members.orders.models import Order

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

LATELY = timedelta(days=30)


def order_figures(*, viewer: Viewer, now: datetime) -> Sequence[Figure]:
    """Return how many orders the members in sight made within 30 days."""
    rows = Order.objects.visible_to(viewer).filter(ordered_at__gt=now - LATELY, ordered_at__lte=now)
    return [Figure(_("Orders"), rows.count(), _("orders"), _("in the last 30 days"))]
