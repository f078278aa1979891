"""The list of communities, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.communities import selectors
from communities.communities.forms import CommunityFilterForm
from communities.communities.models import Community
from core.kernel.access import Permission
from core.kernel.badges import kind_badge
from core.lists.ports import Column, ListSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

LONGEST_SEARCH = 120


def form_of(query: Any, _viewer: Viewer) -> CommunityFilterForm:
    """Return the filters of an address."""
    return CommunityFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Community]:
    """Return the communities that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer), typed=query.get("q", ""))


def narrowed(*, viewer: Viewer, form: CommunityFilterForm, typed: str) -> QuerySet[Community]:
    """Return the communities that fit; without a state, those that are not dissolved."""
    found = selectors.listed(viewer=viewer)
    if not form.is_valid():
        return found.none()
    chosen = form.cleaned_data
    if chosen["kind"]:
        found = found.filter(kind=chosen["kind"])
    if chosen["state"]:
        found = found.filter(state=chosen["state"])
    else:
        found = found.exclude(state=Community.State.ARCHIVED)
    if chosen["dealer"]:
        found = found.filter(dealer__name__icontains=chosen["dealer"])
    if chosen["city"]:
        found = found.filter(city__name__startswith=chosen["city"])
    if chosen["near_cap"]:
        # The model behind the reverse relation: rooms stand above communities.
        room_model: Any = Community._meta.get_field("rooms").related_model
        near = room_model.objects.filter(
            selectors.near_cap(brand_id=viewer.brand_id), community=OuterRef("pk")
        )
        found = found.filter(Exists(near))
    typed = typed.strip()[:LONGEST_SEARCH]
    if "\0" in typed:
        return found.none()  # No name holds one, and the database refuses to look for it.
    return found.filter(name__icontains=typed) if typed else found


def cells(communities: Sequence[Any], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw communities."""
    for row in communities:
        yield [
            row.name,
            row.topic,
            str(kind_badge(row.kind).label),
            _where(row),
            row.open_rooms,
            row.people,
            row.seats,
            row.get_state_display(),
            row.created_at,
        ]


def _where(row: Community) -> str:
    if row.dealer:
        return row.dealer.name
    return row.city.short_name if row.city else _("Whole brand")


COMMUNITIES = ListSource(
    label=gettext_lazy("Communities"),
    place="communities:communities-list",
    permission=Permission.COMMUNITIES_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("name", gettext_lazy("Community")),
        Column("topic", gettext_lazy("Topic")),
        Column("kind", gettext_lazy("Kind")),
        Column("place", gettext_lazy("Where")),
        Column("rooms", gettext_lazy("Rooms")),
        Column("people", gettext_lazy("Seats taken")),
        Column("seats", gettext_lazy("Seats")),
        Column("state", gettext_lazy("State")),
        Column("since", gettext_lazy("Since")),
    ),
    cells=cells,
    unit="communities",
    sorts={"name": "name", "-name": "-name", "since": "id", "-since": "-id"},
    searches=("q",),
    is_personal=False,
)
