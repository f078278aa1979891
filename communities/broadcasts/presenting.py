"""Broadcasts as templates show them: audiences in words, numbers beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from communities.broadcasts import selectors
from communities.broadcasts.audience import Audience, Exclusion, sample_room_id
from communities.broadcasts.models import Broadcast, Delivery
from communities.broadcasts.parcels import sample_facts
from communities.broadcasts.rules import NO_CITY, VARIABLES, render
from communities.broadcasts.wording import error_text, exact_time, policy_text, reason_label
from communities.communities.models import Community
from communities.policies.models import Kind
from communities.policies.selectors import current_policies
from communities.rooms.models import Room
from core.kernel.badges import kind_badge
from core.kernel.formats import grouped
from core.organizations.models import Brand, City, Dealer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from communities.broadcasts.audience import Plan
    from core.kernel.access import Viewer

MOST_NAMED = 2
# The parts of an audience that are picked from long lists.
PICKED = {
    "city_codes": gettext_lazy("Cities"),
    "dealer_ids": gettext_lazy("Dealers"),
    "community_ids": gettext_lazy("Communities"),
}


@dataclass(frozen=True, slots=True)
class ShownBroadcast:
    """One line of the list."""

    row: Broadcast
    audience: str
    progress: selectors.Progress | None
    url: str


@dataclass(frozen=True, slots=True)
class ShownExclusion:
    """Rooms left out, in words."""

    label: str
    detail: str
    rooms: int
    people: int


def views(*, current: str) -> list[dict[str, Any]]:
    """Return the usual questions to the list as ready queries."""
    states = Broadcast.State
    usual = [
        (_("All broadcasts"), ""),
        (_("Drafts"), states.DRAFT),
        (_("Scheduled"), states.SCHEDULED),
        (_("Being sent"), states.SENDING),
        (_("Paused"), states.PAUSED),
        (_("Sent"), states.SENT),
    ]
    everything = reverse("communities:broadcasts-list")
    return [
        {
            "url": f"{everything}?state={state}" if state else everything,
            "label": label,
            "count": None,
            "is_current": current == state,
        }
        for label, state in usual
    ]


def shown(*, broadcasts: Sequence[Broadcast]) -> list[ShownBroadcast]:
    """Prepare a page of the list in a fixed number of queries."""
    names = _names(broadcasts)
    progress = selectors.progress_of_each(broadcasts=broadcasts)
    return [
        ShownBroadcast(
            row=row,
            audience=_in_words(Audience.of(row), names),
            progress=progress.get(row.pk),
            url=reverse("communities:broadcasts-detail", args=[row.pk]),
        )
        for row in broadcasts
    ]


def audience_rows(*, broadcast: Broadcast) -> list[tuple[str, str]]:
    """Return the conditions of an audience with their values, for the detail page."""
    audience, names = Audience.of(broadcast), _names([broadcast])
    rows = [
        (_("Kind of community"), _listed([str(_kind(kind)) for kind in audience.kinds])),
        (_("Dealers"), _listed([names.get(("dealer", pk), "") for pk in audience.dealer_ids])),
        (_("Cities"), _listed([names.get(("city", code), "") for code in audience.city_codes])),
        (
            _("Communities"),
            _listed([names.get(("community", pk), "") for pk in audience.community_ids]),
        ),
    ]
    return [(label, text) for label, text in rows if text]


def keys_of(field: str, texts: Iterable[Any]) -> tuple[Any, ...]:
    """Return the keys a picker was given, without those that cannot be any."""
    texts = [str(text) for text in texts]
    keys = [text for text in texts if text.isascii() and text.isdecimal() and len(text) < 19]
    return tuple(keys) if field == "city_codes" else tuple(int(key) for key in keys)


def pickers(*, audience: Audience, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the pickers of the composer, each with what is ticked."""
    names = picked_names(audience=audience, viewer=viewer)
    return [
        {
            "field": field,
            "label": label,
            "ticked": names[field],
            "summary": _listed([name for _key, name in names[field]]),
            "url": reverse("communities:broadcasts-choices", args=[field]),
        }
        for field, label in PICKED.items()
    ]


def variables() -> list[tuple[str, str]]:
    """Return the variables in the reader's language: what is inserted, and what it is called."""
    chinese = (get_language() or "").startswith("zh")
    words = [word if chinese else key for key, word in VARIABLES.items()]
    return [(f"{{{word}}}", word) for word in words]


def fallbacks(*, plan: Plan) -> list[str]:
    """Say where a variable has nothing to say in some rooms."""
    words = {
        "city": ngettext(
            "%(n)s room has no city: it will read “%(text)s”.",
            "%(n)s rooms have no city: they will read “%(text)s”.",
            plan.fallbacks.get("city", 0),
        ),
        "dealer": ngettext(
            "%(n)s room has no dealer: it will read the brand's name.",
            "%(n)s rooms have no dealer: they will read the brand's name.",
            plan.fallbacks.get("dealer", 0),
        ),
    }
    return [
        words[name] % {"n": grouped(count), "text": NO_CITY}
        for name, count in plan.fallbacks.items()
    ]


def picked_names(*, audience: Audience, viewer: Viewer) -> dict[str, list[tuple[Any, str]]]:
    """Return the ticked dealers, cities and communities that exist for the viewer, by field."""
    dealers = Dealer.objects.visible_to(viewer).filter(pk__in=audience.dealer_ids)
    cities = City.objects.filter(pk__in=audience.city_codes)
    communities = Community.objects.visible_to(viewer).filter(pk__in=audience.community_ids)
    return {
        "dealer_ids": [(row.pk, row.name) for row in dealers.order_by("name")],
        "city_codes": [(row.pk, row.name) for row in cities.order_by("code")],
        "community_ids": [(row.pk, row.name) for row in communities.order_by("name")],
    }


def exclusions_shown(
    *, exclusions: Iterable[Exclusion | Mapping[str, Any]], brand_id: int
) -> list[ShownExclusion]:
    """Put exclusions into words: of a fresh plan, or as a broadcast remembers them."""
    policies = current_policies(brand_id=brand_id)
    found = []
    for one in exclusions:
        entry = one if isinstance(one, Exclusion) else Exclusion.remembered(one)
        details = []
        if entry.kind:
            details.append(str(_kind(entry.kind)))
            if policy := policies.get(entry.kind):
                details[0] += f" {policy_text(policy)}"
        if entry.next_allowed_at:
            details.append(_("earliest %(time)s") % {"time": exact_time(entry.next_allowed_at)})
        label, detail = reason_label(entry.reason), _("; ").join(details)
        found.append(ShownExclusion(label, detail, entry.rooms, entry.people))
    return found


def preview(*, broadcast: Broadcast, plan: Plan | None = None) -> dict[str, Any]:
    """Return the phone preview: the text as one room of the audience would read it."""
    room = _sample_room(broadcast, plan)
    brand = Brand.objects.get(pk=broadcast.brand_id)
    facts = sample_facts(room=room, brand=brand)
    sender = broadcast.dealer.name if broadcast.dealer_id and broadcast.dealer else brand.name
    # The page renders the typed text itself, by both spellings of each variable.
    sample = {name: facts[key] for key, chinese in VARIABLES.items() for name in (key, chinese)}
    return {
        "room": f"{facts['room']}（{room.member_count}）" if room else facts["room"],
        "sender": sender,
        "text": render(broadcast.body, facts),
        "sample": json.dumps(sample, ensure_ascii=False),
        "card": {"title": broadcast.link, "text": ""} if broadcast.link else None,
        "time": exact_time(broadcast.scheduled_at) if broadcast.scheduled_at else "",
    }


def deliveries_shown(rows: Iterable[Delivery]) -> list[dict[str, Any]]:
    """Add to each delivery what went wrong in words."""
    return [{"row": row, "error": error_text(row.error)} for row in rows]


def describe_broadcasts(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name broadcasts in the audit trail, with where they are."""
    rows = Broadcast.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("communities:broadcasts-detail", args=[pk])) for pk, name in rows}


def _sample_room(broadcast: Broadcast, plan: Plan | None) -> Room | None:
    rooms = Room.objects.filter(brand_id=broadcast.brand_id)
    rooms = rooms.select_related("community__city", "community__dealer")
    if plan and plan.room_ids:
        room_id: int | None = plan.room_ids[0]
    else:
        first = Delivery.objects.filter(broadcast_id=broadcast.pk).order_by("pk").first()
        room_id = first.room_id if first else sample_room_id(broadcast=broadcast)
    return rooms.filter(pk=room_id).first() if room_id else None


def _names(broadcasts: Sequence[Broadcast]) -> dict[tuple[str, Any], str]:
    audiences = [Audience.of(row) for row in broadcasts]
    dealers = {pk for one in audiences for pk in one.dealer_ids}
    cities = {code for one in audiences for code in one.city_codes}
    communities = {pk for one in audiences for pk in one.community_ids}
    names: dict[tuple[str, Any], str] = {}
    if dealers:
        found = Dealer.objects.filter(pk__in=dealers)
        names |= {("dealer", dealer.pk): dealer.name for dealer in found}
    if cities:
        names |= {("city", city.pk): city.short_name for city in City.objects.filter(pk__in=cities)}
    if communities:
        named = Community.objects.filter(pk__in=communities).values_list("pk", "name")
        names |= {("community", pk): name for pk, name in named}
    return names


def _in_words(audience: Audience, names: Mapping[tuple[str, Any], str]) -> str:
    parts = [
        _listed([str(_kind(kind)) for kind in audience.kinds]),
        _listed([names.get(("dealer", pk), "") for pk in audience.dealer_ids]),
        _listed([names.get(("city", code), "") for code in audience.city_codes]),
        _listed([names.get(("community", pk), "") for pk in audience.community_ids]),
    ]
    return " · ".join(part for part in parts if part) or _("All communities")


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMED:
        return _(", ").join(names)
    some = _(", ").join(names[:MOST_NAMED])
    return _("%(some)s and %(more)s more") % {"some": some, "more": len(names) - MOST_NAMED}


def _kind(kind: str) -> Any:
    return kind_badge(kind).label if kind in Kind.values else kind
