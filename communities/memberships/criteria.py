"""What segments can ask about communities: where people have a seat, as what, and what they read.

Only seats that are taken count; somebody who left a room has none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.policies.models import Kind
from communities.rooms.models import Room
from members.segments.ports import (
    GROUP_COMMUNITIES,
    Comparison,
    Criterion,
    Frame,
    Ids,
    Input,
    InputKind,
    Option,
    Sql,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# The builder offers the newest; older ones that a tree names go on working.
MOST_OFFERED = 5000
MAX_DAYS, MAX_MESSAGES = 36_500, 1_000_000
SEATS = "SELECT seat.member_id FROM communities_membership seat"
HOMES = (
    " JOIN communities_community home"
    " ON home.brand_id = seat.brand_id AND home.id = seat.community_id"
)
# The last message before the window: a room's messages are numbered in order, so that everything
# above it is of the window, and a read position tells how much of that was read. Asked once a room;
# OFFSET keeps it from being asked once a seat.
BEFORE_WINDOW = """
    SELECT room.id, room.last_seq, coalesce((
        SELECT told.seq FROM communities_roommessage told
        WHERE told.brand_id = room.brand_id AND told.room_id = room.id AND told.created_at < %s
        ORDER BY told.seq DESC LIMIT 1
    ), 0) AS last_before
    FROM communities_room room WHERE room.brand_id = %s AND room.last_seq > 0
"""
READ = "sum(greatest(least(seat.read_seq, recent.last_seq) - recent.last_before, 0))"


def kinds(_brand_id: int) -> Sequence[Option]:
    """Return the four kinds."""
    return [Option(value, label) for value, label in Kind.choices]


def roles(_brand_id: int) -> Sequence[Option]:
    """Return what somebody can be in a community."""
    return [Option(value, label) for value, label in Membership.Role.choices]


def communities(brand_id: int) -> Sequence[Option]:
    """Return the brand's communities in use, the newest first, under their kind."""
    rows = Community.objects.filter(brand_id=brand_id).exclude(state=Community.State.ARCHIVED)
    found = rows.order_by("-pk").values_list("pk", "name", "kind")[:MOST_OFFERED]
    return [Option(pk, name, str(Kind(kind).label)) for pk, name, kind in found]


def existing_communities(brand_id: int, chosen: Collection[int | str]) -> set[int | str]:
    """Return those of the chosen communities that the brand has."""
    rows = Community.objects.filter(brand_id=brand_id, pk__in=_numbers(chosen))
    return set(rows.values_list("pk", flat=True))


def rooms(brand_id: int) -> Sequence[Option]:
    """Return the brand's open rooms, the newest first, under their community."""
    rows = Room.objects.filter(brand_id=brand_id, state=Room.State.OPEN).order_by("-pk")
    found = rows.values_list("pk", "name", "community__name")[:MOST_OFFERED]
    return [Option(pk, name, community) for pk, name, community in found]


def existing_rooms(brand_id: int, chosen: Collection[int | str]) -> set[int | str]:
    """Return those of the chosen rooms that the brand has."""
    rows = Room.objects.filter(brand_id=brand_id, pk__in=_numbers(chosen))
    return set(rows.values_list("pk", flat=True))


def _numbers(chosen: Collection[int | str]) -> list[int]:
    return [value for value in chosen if isinstance(value, int)]


def _taken(frame: Frame, joined: str = "") -> Sql:
    rows = frame.rows_of(SEATS + joined, "seat.brand_id", "seat.member_id")
    return rows + " AND seat.left_at IS NULL"


def _seats(column: str, joined: str = "") -> Any:
    """Return the compiler of a condition on a column of a seat, or of its community."""

    def compiled(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
        wanted = Sql(f" AND {column} = ANY(%s)", (value["in"],))
        if "kind" in value:
            wanted += Sql(" AND home.kind = ANY(%s)", (value["kind"],))
        return Ids(_taken(frame, joined) + wanted, inverted=cmp == "not_in")

    return compiled


def _any_seat(frame: Frame, cmp: str, _value: Mapping[str, Any]) -> Ids:
    return Ids(_taken(frame), inverted=cmp == "unknown")


def _read(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    """At most n is everybody but those with n + 1: people without a seat have read nothing."""
    least = value["number"] + 1 if cmp == "lte" else value["number"]
    if least <= 0:
        return Ids(Sql("SELECT 0::bigint AS member_id WHERE false"), inverted=True)
    since = frame.start_of(frame.today - timedelta(days=value["days"]))
    recent = Sql(BEFORE_WINDOW, (since, frame.brand_id))
    if frame.only is not None or frame.span is not None:
        mine = frame.rows_of(
            "SELECT own.room_id FROM communities_membership own", "own.brand_id", "own.member_id"
        )
        recent += mine.within(" AND room.id IN (", " AND own.left_at IS NULL)")
    counted = recent.within(f"{SEATS} JOIN (", " OFFSET 0) recent ON recent.id = seat.room_id")
    rows = frame.rows_of("", "seat.brand_id", "seat.member_id") + " AND seat.left_at IS NULL"
    tally = Sql(f" GROUP BY seat.member_id HAVING {READ} >= %s", (least,))
    return Ids(counted + rows + tally, inverted=cmp == "lte", heavy=True)


def _choice(label: Any, options: Any, existing: Any = None) -> Input:
    return Input("in", InputKind.CHOICES, label, options=options, existing=existing)


def _has(*inputs: Input) -> tuple[Comparison, ...]:
    return (
        Comparison("in", _("has a seat in"), inputs),
        Comparison("not_in", _("has none in"), inputs),
    )


_KIND = Input(
    "kind",
    InputKind.CHOICES,
    _("in communities of"),
    required=False,
    options=kinds,
    advanced=True,
)
_ROLE = (_choice(_("role"), roles), _KIND)
_MESSAGES = (
    Input(
        "number",
        InputKind.NUMBER,
        _("messages"),
        high=MAX_MESSAGES,
        unit=_("messages"),
        default=1,
    ),
    Input("days", InputKind.DAYS, _("in the last"), high=MAX_DAYS, unit=_("days"), default=30),
)

COMMUNITY_CRITERIA = (
    Criterion(
        "community_kind",
        _("Kind of community"),
        GROUP_COMMUNITIES,
        _has(_choice(_("Kind of community"), kinds)),
        _seats("home.kind", HOMES),
        order=70,
    ),
    Criterion(
        "community",
        _("Community"),
        GROUP_COMMUNITIES,
        _has(_choice(_("Community"), communities, existing_communities)),
        _seats("seat.community_id"),
        order=71,
    ),
    Criterion(
        "community.room",
        pgettext_lazy("noun", "Room"),
        GROUP_COMMUNITIES,
        _has(_choice(_("room"), rooms, existing_rooms)),
        _seats("seat.room_id"),
        order=72,
    ),
    Criterion(
        "community.role",
        _("Role in a community"),
        GROUP_COMMUNITIES,
        (Comparison("in", _("is"), _ROLE), Comparison("not_in", _("is not"), _ROLE)),
        _seats("seat.role", HOMES),
        order=73,
    ),
    Criterion(
        "community.seat",
        _("Has a seat in a community"),
        GROUP_COMMUNITIES,
        (Comparison("known", _("yes")), Comparison("unknown", _("no"))),
        _any_seat,
        order=74,
    ),
    Criterion(
        "messages.read",
        _("Messages read"),
        GROUP_COMMUNITIES,
        (Comparison("gte", _("at least"), _MESSAGES), Comparison("lte", _("at most"), _MESSAGES)),
        _read,
        order=75,
    ),
)
