from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from events.calendar.models import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def listed(*, viewer: Viewer) -> QuerySet[Event]:
    """Return the events that the viewer sees, with where they are."""
    return Event.objects.visible_to(viewer).select_related("dealer", "city", "community")


def may_plan(*, event: Event, viewer: Viewer) -> bool:
    """Whether the event is one of those that the viewer may change, if their role allows it."""
    return viewer.is_brand_wide or event.dealer_id in (viewer.dealer_ids or ())


def describe_events(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name events in the audit trail, with where they are."""
    rows = Event.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("events:events-detail", args=[pk])) for pk, name in rows}


def events_named(*, rows: Sequence[Mapping[str, Any]], brand_id: int) -> dict[tuple[str, Any], int]:
    """Return which events rows name by ``event`` or ``external_no``: {(how, value): number}."""
    found: dict[tuple[str, Any], int] = {}
    for how, column in (("event", "pk"), ("external_no", "external_no")):
        if said := {row[how] for row in rows if how in row} - {""}:
            some = Event.objects.filter(brand_id=brand_id, **{f"{column}__in": said})
            found |= {(how, value): pk for value, pk in some.values_list(column, "pk")}
    return found


def counts_by_time(*, viewer: Viewer, now: datetime) -> dict[str, int]:
    """Return how many events that are not cancelled are still to come, and how many are over."""
    rows = Event.objects.visible_to(viewer).exclude(state=Event.State.CANCELLED)
    return {
        "coming": rows.filter(ends_at__gte=now).count(),
        "over": rows.filter(ends_at__lt=now).count(),
    }
