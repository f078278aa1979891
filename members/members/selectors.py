from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from core.kernel import crypto
from core.kernel.letters import normalized
from members.custom_fields.models import CustomValue
from members.live import selectors as live_selectors
from members.profiles import rules
from members.profiles.models import Member, MergedMember
from members.snapshots import selectors as snapshot_selectors
from members.tags import selectors as tag_selectors
from members.vehicles.models import Ownership

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.segments.models import Segment
    from members.tags.selectors import HeldTag

TAIL, VIN_TAIL = 4, 6
_VIN_TAIL = re.compile(r"[A-HJ-NPR-Z0-9]{6}").fullmatch
_FOUR_DIGITS = re.compile(r"[0-9]{4}").fullmatch
PHONE_LIKE = re.compile(r"\+?[0-9 ()\-]{7,20}").fullmatch


@dataclass(slots=True)
class Line:
    """A member as a line of the list shows it."""

    member: Member
    cars: list[Ownership] = field(default_factory=list)
    tags: list[HeldTag] = field(default_factory=list)
    extra: list[tuple[str, Any, Any]] = field(default_factory=list)  # class, label, names


def narrowed(
    *,
    viewer: Viewer,
    chosen: Mapping[str, Any],
    query: str = "",
    now: datetime | None = None,
    span: tuple[int, int] | None = None,
) -> QuerySet[Member]:
    """Return the members the viewer may see who meet all that was chosen.

    ``chosen`` may hold ``city`` (code), ``dealer``, ``stage``, ``source``, ``tag`` (ids or keys),
    ``segment``, ``snapshot`` (a part of one) and ``custom`` (choices by field); ``query`` is what
    was typed into the search box.
    ``span`` looks among ids above the first and up to the second only.
    """
    segment: Segment | None = chosen.get("segment")
    if segment is not None:
        rows = live_selectors.in_segment(segment=segment, viewer=viewer, now=now, span=span)
    else:
        rows = Member.objects.visible_to(viewer)
    if span is not None:
        rows = rows.filter(pk__gt=span[0], pk__lte=span[1])
    columns = {"city": "city_id", "dealer": "home_dealer_id", "stage": "stage", "source": "source"}
    for name, column in columns.items():
        if value := chosen.get(name):
            rows = rows.filter(**{column: value})
    if part := chosen.get("snapshot"):
        rows = snapshot_selectors.members(rows=rows, part=part, brand_id=viewer.brand_id, span=span)
    if tag := chosen.get("tag"):
        # One row per pair, so that the join repeats nobody.
        rows = rows.filter(member_tags__brand_id=viewer.brand_id, member_tags__tag_id=tag)
    for field_id, choice_id in (chosen.get("custom") or {}).items():
        held = CustomValue.objects.filter(brand_id=viewer.brand_id, field_id=field_id)
        rows = rows.filter(pk__in=held.filter(choice_id=choice_id).values("member_id"))
    return (
        rows.filter(typed(query=query.strip(), brand_id=viewer.brand_id)) if query.strip() else rows
    )


def meant_by(*, typed: str, viewer: Viewer, but: Member | None = None) -> list[Member]:
    """Return whom a phone, a customer number, a name or a member's number means; two at most."""
    left_out = but.pk if but else 0
    rows = narrowed(viewer=viewer, chosen={}, query=typed).exclude(pk=left_out)
    found = list(rows.order_by("-pk")[:2])
    number = typed.strip().removeprefix("#")
    if not found and number.isascii() and number.isdecimal() and len(number) < 19:
        found = list(Member.objects.visible_to(viewer).filter(pk=number).exclude(pk=left_out))
    return found


def typed(*, query: str, brand_id: int) -> Q:
    """Return what a search box means: a phone, its tail, a VIN's tail, a number, or a name."""
    if "\0" in query:
        return Q(pk=None)
    query, number = normalized("NFC", query), normalized("NFKC", query)
    meant, of_merged = Q(display_name__prefix=query) | Q(customer_no=number), Q(customer_no=number)
    if _FOUR_DIGITS(query):
        meant |= Q(phone_tail=query)
    elif (found_by := _phone_hash(query, brand_id)) is not None:
        meant, of_merged = meant | Q(phone_hash=found_by), of_merged | Q(phone_hash=found_by)
    merged = MergedMember.objects.filter(of_merged, brand_id=brand_id)
    if winners := list(merged.values_list("winner_id", flat=True)):
        meant |= Q(pk__in=winners)
    if _VIN_TAIL(query.upper()):
        cars = Ownership.objects.filter(
            brand_id=brand_id, vehicle__vin_tail=query.upper(), ended_on=None
        )
        meant |= Q(pk__in=cars.values("member_id"))
    return meant


def _phone_hash(query: str, brand_id: int) -> bytes | None:
    """Return what a phone is found by; None where the query is none."""
    if not PHONE_LIKE(query):
        return None
    try:
        number = rules.normalized_phone(query)
    except rules.NotAPhone:
        return None
    return crypto.lookup_hash(brand_id=brand_id, kind="phone", value=number)


def lines_of(*, members: Sequence[Member]) -> list[Line]:
    """Return members with their cars and tags: three queries, however many members."""
    if not members:
        return []
    brand_id, ids = members[0].brand_id, [member.pk for member in members]
    lines = {member.pk: Line(member) for member in members}
    for ownership in cars_of(brand_id=brand_id, member_ids=ids):
        lines[ownership.member_id].cars.append(ownership)
    for member_id, held in tag_selectors.tags_of(brand_id=brand_id, member_ids=ids).items():
        lines[member_id].tags = held
    return list(lines.values())


def cars_of(*, brand_id: int, member_ids: Sequence[int]) -> QuerySet[Ownership]:
    """Return the cars that members own now, the newest first."""
    rows = Ownership.objects.filter(brand_id=brand_id, member_id__in=member_ids, ended_on=None)
    return rows.select_related("vehicle__model").order_by("-delivered_on", "-pk")
