"""Which rooms a broadcast means, which of them may get it, and who sits in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from communities.broadcasts import rules
from communities.broadcasts.allowances import current_policies, taken_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from communities.broadcasts.models import Broadcast

Cause = tuple[str, str]  # a reason and, where a policy decided, the kind of community

# In the order in which they are told; a room has one reason, the first that applies.
REASONS = ("closed", "archived", "empty", "no_policy", "quiet_hours", "quota", "gap")
WAITING = ("quiet_hours", "quota", "gap")  # over after a while
REACHED: Cause = ("", "")


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a broadcast means. Each list that is given narrows; none given means every room."""

    kinds: tuple[str, ...] = ()
    community_ids: tuple[int, ...] = ()
    dealer_ids: tuple[int, ...] = ()
    city_codes: tuple[str, ...] = ()

    @classmethod
    def of(cls, broadcast: Broadcast) -> Audience:
        """Read a broadcast's audience."""
        return cls(**{key: tuple(values) for key, values in broadcast.audience.items()})

    def as_json(self) -> dict[str, list[Any]]:
        """Return what the row keeps."""
        return {key: sorted(set(values)) for key, values in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class RoomVerdict:
    """One room of the audience; ``reason`` empty means that it gets the message."""

    room_id: int
    kind: str
    people: int
    reason: str

    @property
    def cause(self) -> Cause:
        """Why it is left out; a policy's reasons are told by kind, since each kind has its own."""
        by_policy = self.reason in {*WAITING, "no_policy"}
        return (self.reason, self.kind) if by_policy else (self.reason, "")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rooms left out for one reason. ``next_allowed_at`` is the earliest of theirs, if any."""

    reason: str
    kind: str
    rooms: int
    people: int = 0
    next_allowed_at: datetime | None = None

    @classmethod
    def remembered(cls, kept: Mapping[str, Any]) -> Exclusion:
        """Read one that a broadcast keeps from its confirmation; its next time has passed."""
        return cls(**{**kept, "next_allowed_at": None})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a broadcast would do at ``at``. People are counted once, however many rooms they use.

    ``seats`` counts them as often as they would see the message. The people of an exclusion are
    those whom no other room reaches.
    """

    at: datetime
    verdicts: list[RoomVerdict]
    exclusions: list[Exclusion] = field(default_factory=list)
    people: int = 0
    people_selected: int = 0
    seats: int = 0
    no_consent: int = 0
    fallbacks: Mapping[str, int] = field(default_factory=dict)

    @property
    def room_ids(self) -> list[int]:
        """The rooms that get it, by id."""
        return sorted(one.room_id for one in self.verdicts if not one.reason)

    @property
    def next_allowed_at(self) -> datetime | None:
        """The first moment at which a room that must wait may get it."""
        return earliest(self.exclusions)


def earliest(exclusions: Iterable[Exclusion]) -> datetime | None:
    """Return the first moment at which one of the rooms left out may get the message."""
    return min((one.next_allowed_at for one in exclusions if one.next_allowed_at), default=None)


# Archived communities would outnumber the living ones some day: only by name.
MEANT = """
    FROM communities_room AS room
    JOIN communities_community AS community
        ON community.brand_id = %(brand)s AND community.id = room.community_id
    WHERE room.brand_id = %(brand)s
        AND (community.state <> 'archived' OR community.id = ANY(%(community_ids)s::bigint[]))
        AND (%(kinds)s::text[] = '{}' OR community.kind = ANY(%(kinds)s))
        AND (%(community_ids)s::bigint[] = '{}' OR community.id = ANY(%(community_ids)s))
        AND (%(dealer_ids)s::bigint[] = '{}' OR community.dealer_id = ANY(%(dealer_ids)s))
        AND (%(city_codes)s::text[] = '{}' OR community.city_id = ANY(%(city_codes)s))
        AND (%(sender)s::bigint IS NULL OR community.dealer_id = %(sender)s)
"""
LOCK = f"SELECT room.id {MEANT} ORDER BY room.id FOR NO KEY UPDATE OF room"
SAMPLE = f"SELECT room.id {MEANT} ORDER BY room.id LIMIT 1"
JUDGE = f"""
    WITH meant AS (
        SELECT room.id, room.state, room.member_count, community.kind,
            community.state AS community_state
        {MEANT}
    ), policy AS (
        SELECT * FROM unnest(
            %(p_kinds)s::text[], %(p_limits)s::int[], %(p_quiet)s::bool[],
            %(p_begins)s::timestamptz[], %(p_ends)s::timestamptz[], %(p_gaps)s::interval[]
        ) AS policy (kind, most, is_quiet, begins, ends, gap)
    )
    SELECT meant.id, meant.kind, meant.member_count, CASE
        WHEN meant.community_state <> 'active' THEN 'closed'
        WHEN meant.state <> 'open' THEN 'archived'
        WHEN meant.member_count = 0 THEN 'empty'
        WHEN NOT %(is_marketing)s THEN ''
        WHEN policy.kind IS NULL THEN 'no_policy'
        WHEN policy.is_quiet THEN 'quiet_hours'
        WHEN used.in_window >= policy.most THEN 'quota'
        WHEN used.near THEN 'gap'
        ELSE '' END
    FROM meant
    LEFT JOIN policy ON policy.kind = meant.kind
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (
                WHERE sent.due_at >= policy.begins AND sent.due_at < policy.ends
            ) AS in_window,
            coalesce(bool_or(
                sent.due_at > %(at)s - policy.gap AND sent.due_at < %(at)s + policy.gap
            ), false) AS near
        FROM communities_delivery AS sent
        WHERE %(is_marketing)s AND sent.brand_id = %(brand)s AND sent.room_id = meant.id
            AND sent.is_marketing AND sent.state NOT IN ('failed', 'cancelled')
            AND sent.due_at >= least(policy.begins, %(at)s - policy.gap)
            AND sent.due_at < greatest(policy.ends, %(at)s + policy.gap)
            AND sent.broadcast_id <> %(broadcast)s
    ) AS used ON true
"""  # noqa: S608  only constants are put together
# A person counts for the best of their rooms: reached if any is, else under the first reason.
PEOPLE = """
    SELECT place, count(*) FROM (
        SELECT membership.member_id, min(verdict.place) AS place
        FROM unnest(%(rooms)s::bigint[], %(places)s::int[]) AS verdict (room_id, place)
        JOIN communities_membership AS membership
            ON membership.brand_id = %(brand)s AND membership.room_id = verdict.room_id
            AND membership.left_at IS NULL
        GROUP BY membership.member_id
    ) AS person GROUP BY place
"""
CONSENT = """
    SELECT count(DISTINCT membership.member_id)
    FROM unnest(%(rooms)s::bigint[]) AS reached (room_id)
    JOIN communities_membership AS membership
        ON membership.brand_id = %(brand)s AND membership.room_id = reached.room_id
        AND membership.left_at IS NULL
    LEFT JOIN members_consent AS consent
        ON consent.brand_id = %(brand)s AND consent.member_id = membership.member_id
        AND consent.purpose = 'marketing' AND consent.withdrawn_at IS NULL
    WHERE consent.id IS NULL
"""
LACKING = """
    SELECT count(*) FILTER (WHERE community.city_id IS NULL),
        count(*) FILTER (WHERE community.dealer_id IS NULL)
    FROM unnest(%(rooms)s::bigint[]) AS reached (room_id)
    JOIN communities_room AS room ON room.brand_id = %(brand)s AND room.id = reached.room_id
    JOIN communities_community AS community
        ON community.brand_id = %(brand)s AND community.id = room.community_id
"""


def sample_room_id(*, broadcast: Broadcast) -> int | None:
    """Return one room of the audience, to show the text as its people would read it."""
    with connection.cursor() as cursor:
        cursor.execute(SAMPLE, _meant(broadcast))
        found = cursor.fetchone()
        return found[0] if found else None


def lock_rooms(*, broadcast: Broadcast) -> None:
    """Lock the audience's rooms in the order of their ids, until the transaction ends.

    Whoever plans for one of them next waits, and then sees what we decided: an allowance cannot
    be used twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, _meant(broadcast))


def judge(*, broadcast: Broadcast, at: datetime) -> list[RoomVerdict]:
    """Decide for each room of the audience whether it may get ``broadcast`` at ``at``."""
    zone = timezone.get_default_timezone()
    policies = current_policies(brand_id=broadcast.brand_id)
    windows = [rules.window_of(at, policy.window, zone) for policy in policies.values()]
    params = _meant(broadcast) | {
        "at": at,
        "broadcast": broadcast.pk or 0,
        "is_marketing": broadcast.is_marketing,
        "p_kinds": list(policies),
        "p_limits": [policy.limit for policy in policies.values()],
        "p_quiet": [bool(rules.quiet_end(at, one, zone)) for one in policies.values()],
        "p_begins": [begins for begins, _ in windows],
        "p_ends": [ends for _, ends in windows],
        "p_gaps": [policy.gap for policy in policies.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(JUDGE, params)
        return [RoomVerdict(*row) for row in cursor.fetchall()]


def plan(*, broadcast: Broadcast, at: datetime) -> Plan:
    """Work out in full what ``broadcast`` would do at ``at``; nothing is written."""
    verdicts = judge(broadcast=broadcast, at=at)
    people = _people(broadcast, verdicts)
    reached = [one.room_id for one in verdicts if not one.reason]
    return Plan(
        at=at,
        verdicts=verdicts,
        exclusions=exclusions_of(broadcast=broadcast, verdicts=verdicts, at=at, people=people),
        people=people.get(REACHED, 0),
        people_selected=sum(people.values()),
        seats=sum(one.people for one in verdicts),
        no_consent=_no_consent(broadcast, reached),
        fallbacks=_fallbacks(broadcast, reached),
    )


def count_people(*, broadcast: Broadcast, verdicts: Sequence[RoomVerdict]) -> int:
    """Return how many different people sit in the rooms that get it."""
    return _people(broadcast, [one for one in verdicts if not one.reason]).get(REACHED, 0)


def exclusions_of(
    *,
    broadcast: Broadcast,
    verdicts: Sequence[RoomVerdict],
    at: datetime,
    people: Mapping[Cause, int] | None = None,
) -> list[Exclusion]:
    """Sum up the rooms left out, by cause, each with the next allowed time."""
    left_out: dict[Cause, list[int]] = defaultdict(list)
    for one in verdicts:
        if one.reason:
            left_out[one.cause].append(one.room_id)
    waiting = [room for cause, rooms in left_out.items() if cause[0] in WAITING for room in rooms]
    taken = taken_times(
        brand_id=broadcast.brand_id, room_ids=waiting, since=at, besides=broadcast.pk or 0
    )
    policies = current_policies(brand_id=broadcast.brand_id)
    return [
        Exclusion(
            reason=cause[0],
            kind=cause[1],
            rooms=len(left_out[cause]),
            people=(people or {}).get(cause, 0),
            next_allowed_at=_first_allowed(at, policies[cause[1]], taken, left_out[cause])
            if cause[0] in WAITING
            else None,
        )
        for cause in _in_order(left_out)
    ]


def _first_allowed(
    at: datetime,
    policy: rules.MarketingPolicy,
    taken: Mapping[int, list[datetime]],
    room_ids: Sequence[int],
) -> datetime | None:
    # Rooms with the same past have the same future: work it out once for all of them.
    pasts = {tuple(taken.get(room_id, ())) for room_id in room_ids}
    zone = timezone.get_default_timezone()
    moments = (rules.next_allowed(at, policy, past, zone) for past in pasts)
    return min((moment for moment in moments if moment), default=None)


def _in_order(causes: Iterable[Cause]) -> list[Cause]:
    return sorted(causes, key=lambda cause: (REASONS.index(cause[0]), cause[1]))


def _people(broadcast: Broadcast, verdicts: Sequence[RoomVerdict]) -> dict[Cause, int]:
    causes = [REACHED, *_in_order({one.cause for one in verdicts if one.reason})]
    place_of = {cause: place for place, cause in enumerate(causes)}
    rooms = [one for one in verdicts if one.people]
    with connection.cursor() as cursor:
        cursor.execute(
            PEOPLE,
            {
                "brand": broadcast.brand_id,
                "rooms": [one.room_id for one in rooms],
                "places": [place_of[one.cause] for one in rooms],
            },
        )
        return {causes[place]: count for place, count in cursor.fetchall()}


def _no_consent(broadcast: Broadcast, room_ids: Sequence[int]) -> int:
    if not broadcast.is_marketing:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(CONSENT, {"brand": broadcast.brand_id, "rooms": list(room_ids)})
        return int(cursor.fetchone()[0])


def _fallbacks(broadcast: Broadcast, room_ids: Sequence[int]) -> dict[str, int]:
    used = rules.variables_in(broadcast.body) & {"city", "dealer"}
    if not used:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LACKING, {"brand": broadcast.brand_id, "rooms": list(room_ids)})
        lacking = dict(zip(("city", "dealer"), cursor.fetchone(), strict=True))
    return {name: lacking[name] for name in sorted(used) if lacking[name]}


def _meant(broadcast: Broadcast) -> dict[str, Any]:
    audience = Audience.of(broadcast)
    return {
        "brand": broadcast.brand_id,
        "sender": broadcast.dealer_id,
        "kinds": list(audience.kinds),
        "community_ids": list(audience.community_ids),
        "dealer_ids": list(audience.dealer_ids),
        "city_codes": list(audience.city_codes),
    }
