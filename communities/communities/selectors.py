from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from communities.communities.models import Community
from communities.policies.selectors import current_policies

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def listed(*, viewer: Viewer) -> QuerySet[Community]:
    """Return the viewer's communities with ``people``, ``seats`` and ``open_rooms`` of each.

    Sums over a community's rooms, which are few, and only for the rows of the page.
    """
    return (
        Community.objects.visible_to(viewer)
        .select_related("dealer", "city")
        .annotate(
            people=_of_open_rooms(Sum("member_count")),
            seats=_of_open_rooms(Sum("cap")),
            open_rooms=_of_open_rooms(Count("id")),
        )
    )


def _of_open_rooms(figure: Sum | Count) -> Coalesce:
    # The model behind the reverse relation: rooms stand above communities and are not imported.
    room_model: Any = Community._meta.get_field("rooms").related_model
    rooms = room_model.objects.filter(
        brand_id=OuterRef("brand_id"), community=OuterRef("pk"), state="open"
    )
    summed = rooms.order_by().values("community").annotate(figure=figure).values("figure")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


def near_cap(*, brand_id: int) -> Q:
    """Return the condition of an open room at or over its kind's soft alert.

    For rows of ``Room``; a kind without a policy alerts at 80 %.
    """
    condition = Q(pk__in=[])
    policies = current_policies(brand_id=brand_id)
    for kind in ("flash", "service", "conversion", "core"):
        percent = policies[kind].alert_percent if kind in policies else 80
        condition |= Q(
            community__kind=kind, member_count__gte=F("cap") * percent / 100, state="open"
        )
    return condition


def counts_by_kind(*, viewer: Viewer) -> dict[str, int]:
    """Return how many communities that are not archived the viewer sees, by kind."""
    rows = (
        Community.objects.visible_to(viewer)
        .exclude(state=Community.State.ARCHIVED)
        .order_by()
        .values_list("kind")
        .annotate(number=Count("id"))
    )
    return dict(rows)


def describe_communities(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name communities in the audit trail, with where they are."""
    rows = Community.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("communities:communities-detail", args=[pk])) for pk, name in rows}
