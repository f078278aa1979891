from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum

from core.kernel import crypto
from events.calendar import rules as calendar
from events.registrations.models import Registration
from members.erasure.models import Erasure
from members.members import selectors as members
from members.profiles.models import Member, MergedMember
from members.profiles.rules import NotAPhone, normalized_phone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from events.calendar.models import Event


def being_deleted(*, brand_id: int, ids: Sequence[int]) -> set[int]:
    """Return which of these members are to be deleted."""
    open_ = (Erasure.State.WAITING, Erasure.State.RUNNING)
    rows = Erasure.objects.filter(brand_id=brand_id, member_id__in=ids, state__in=open_)
    return set(rows.values_list("member_id", flat=True))


def of_event(*, event_id: int, viewer: Viewer) -> QuerySet[Registration]:
    """Return an event's registrations in sight, with whom they are of."""
    rows = Registration.objects.visible_to(viewer).filter(event_id=event_id)
    return rows.select_related("member")


def narrowed(
    *, event_id: int, viewer: Viewer, state: str = "", typed: str = ""
) -> QuerySet[Registration]:
    """Return an event's registrations in a state, of those people who match what was typed.

    Whoever sees the registration finds it, also where the member is not theirs.
    """
    found = of_event(event_id=event_id, viewer=viewer)
    if state:
        found = found.filter(state=state) if state in Registration.State.values else found.none()
    if not typed.strip():
        return found
    brand_id = viewer.brand_id
    people = Member.objects.filter(members.typed(query=typed.strip(), brand_id=brand_id))
    return found.filter(member_id__in=people.filter(brand_id=brand_id).values("pk"))


def is_missed(*, row: Registration, event: Event, now: datetime) -> bool:
    """Whether somebody registered for an event that is over and did not come."""
    is_over = event.ends_at < now and event.state in calendar.TAKES_PEOPLE
    return is_over and row.state == Registration.State.REGISTERED


def counts_of(*, event: Event, viewer: Viewer) -> dict[str, int]:
    """Return how many registered, came and called off, of those in sight, and their guests."""
    rows = Registration.objects.visible_to(viewer).filter(event=event).order_by()
    holds = Q(state__in=("registered", "checked_in"))
    found = rows.aggregate(
        registered=Count("pk", filter=Q(state="registered")),
        checked_in=Count("pk", filter=Q(state="checked_in")),
        cancelled=Count("pk", filter=Q(state="cancelled")),
        guests=Sum("guests", filter=holds),
    )
    return {name: number or 0 for name, number in found.items()}


def of_member(*, member: Member, viewer: Viewer, limit: int = 20) -> Sequence[Registration]:
    """Return a member's registrations in sight, the newest first."""
    rows = Registration.objects.visible_to(viewer).filter(member=member)
    return list(rows.select_related("event").order_by("-registered_at", "-pk")[:limit])


def members_named(
    *, rows: Sequence[Mapping[str, Any]], brand_id: int
) -> dict[tuple[str, Any], int]:
    """Return whom rows name by ``member``, ``customer_no`` or ``phone``: {(how, value): number}.

    What was theirs before they were merged leads to who they are now.
    """
    named = {how: {row[how] for row in rows if how in row} for how in ("member", "customer_no")}
    phones = dict(_hashes({row["phone"] for row in rows if "phone" in row}, brand_id))
    by_hash: dict[bytes, int] = {}
    found: dict[tuple[str, Any], int] = {}
    # Those of today last: what they have outweighs what somebody had who was merged.
    for model, key in ((MergedMember, "winner_id"), (Member, "pk")):
        of_brand = model._default_manager.filter(brand_id=brand_id)
        for how, column in (("member", "pk"), ("customer_no", "customer_no")):
            some = of_brand.filter(**{f"{column}__in": named[how]}).values_list(column, key)
            found |= {(how, value): pk for value, pk in (some if named[how] else ())}
        if phones:
            some = of_brand.filter(phone_hash__in=list(phones.values()))
            by_hash |= {bytes(h): pk for h, pk in some.values_list("phone_hash", key)}
    found |= {("phone", said): by_hash[h] for said, h in phones.items() if h in by_hash}
    return found


def _hashes(phones: Collection[str], brand_id: int) -> Iterator[tuple[str, bytes]]:
    for said in phones:
        try:
            phone = normalized_phone(said)
        except NotAPhone:
            continue  # Nobody has it.
        yield said, crypto.lookup_hash(brand_id=brand_id, kind="phone", value=phone)
