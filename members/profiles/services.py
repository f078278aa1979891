from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import crypto
from core.kernel.errors import InvalidInput, StaleVersion
from core.kernel.scoping import require_same_brand
from members.profiles import ports, rules
from members.profiles.models import Member, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer

CHANGEABLE = ("display_name", "gender", "city", "home_dealer", "customer_no", "stage")
ONE_PER_PHONE = "members_member_one_per_phone"
ONE_PER_NUMBER = "members_member_one_per_customer_no"
# In the order of their numbers, so that two calls cannot wait for each other. Whoever was active
# later, or where a day is enough on that day already, is neither held nor written.
ACTIVE = """
WITH met AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[], %(known)s::timestamptz[])
        AS met (member_id, at, known)
), held AS MATERIALIZED (
    SELECT m.id, met.at FROM members_member AS m JOIN met ON met.member_id = m.id
    WHERE m.brand_id = %(brand)s AND m.id = ANY(%(ids)s::bigint[])
      AND (m.last_active_at IS NULL OR m.last_active_at < met.known)
    ORDER BY m.id FOR NO KEY UPDATE OF m
)
UPDATE members_member AS m SET last_active_at = held.at
FROM held WHERE m.brand_id = %(brand)s AND m.id = held.id
RETURNING m.id
"""


@transaction.atomic
def register_member(*, values: Mapping[str, Any], actor: Viewer, now: datetime) -> Member:
    """Take in a member by hand.

    ``values`` hold ``display_name`` and may hold ``phone``, ``gender``, ``city``,
    ``home_dealer``, ``customer_no`` and ``stage``.

    Raises:
        InvalidInput: a value is wrong, or phone or customer number belong to somebody already.
    """
    member = Member(
        brand_id=actor.brand_id,
        source=Member.Source.MANUAL,
        joined_on=localdate(now),
        stage_since=localdate(now),
        created_at=now,
        updated_at=now,
    )
    _take(member, values, actor, now)
    member.is_stage_told = member.stage != Stage.PROSPECT
    _store(member)
    audit.record(action="member.created", subject=member, actor=actor, now=now)
    return member


@transaction.atomic
def change_member(
    *,
    member: Member,
    changes: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> Member:
    """Change what is known about a member. Locks the row.

    Raises:
        InvalidInput: see ``register_member``.
        StaleVersion: ``version`` is given and somebody changed the member since.
    """
    held = Member.objects.select_for_update().or_gone(pk=member.pk)
    if version is not None and held.version != version:
        raise StaleVersion(_("Somebody changed this member meanwhile. Reload and try again."))
    stage_before = held.stage
    changed = _take(held, changes, actor, now)
    if not changed:
        return held
    held.version, held.updated_at = held.version + 1, now
    try:
        _store(held)
    except InvalidInput:
        _tell_of_owners(held, changed, now)
        raise
    if "stage" in changed:
        said = [ports.StageSaid(held.pk, stage_before, held.stage)]
        ports.stages_said(said=said, reason="manual", actor=actor, now=now)
    audit.record(
        action="member.changed", subject=held, actor=actor, now=now, data={"fields": changed}
    )
    return held


@transaction.atomic
def mark_active(
    *, brand_id: int, met: Mapping[int, datetime], now: datetime, by_day: bool = False
) -> None:
    """Let what members did count as their activity, at the moments given; the later one stays.

    Nobody is active ahead of ``now``. ``by_day`` keeps the first moment of a day only: for what
    happens often, where a write each time would tell nothing. Whoever moves by it in the lifecycle
    moves at once. Holds the members who change, in order of their numbers.
    """
    if not met:
        return
    ids = sorted(met)
    times = [min(met[pk], now) for pk in ids]
    known = [start_of_day(at) for at in times] if by_day else times
    values: dict[str, Any] = {"brand": brand_id, "ids": ids, "times": times, "known": known}
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, values)
        moved = sorted(pk for (pk,) in cursor.fetchall())
    ports.facts_changed(brand_id=brand_id, member_ids=moved, now=now)


def start_of_day(at: datetime) -> datetime:
    """Return when the day of a moment began where the brand is."""
    return localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def _take(member: Member, values: Mapping[str, Any], actor: Viewer, now: datetime) -> list[str]:
    """Put the values onto the row and return the names of those that differ."""
    wanted = {name: values[name] for name in CHANGEABLE if name in values}
    if "display_name" in wanted and wanted["display_name"] != member.display_name:
        wanted["display_name"] = _name(wanted["display_name"])
    if "customer_no" in wanted:
        wanted["customer_no"] = _number(wanted["customer_no"] or "")
    if dealer := wanted.get("home_dealer"):
        require_same_brand(member, dealer)
    if "home_dealer" in wanted and not _may_place(wanted["home_dealer"], actor):
        raise InvalidInput.on("/home_dealer", _("Choose one of your own dealers."))
    changed = [name for name, value in wanted.items() if getattr(member, name) != value]
    for name in changed:
        setattr(member, name, wanted[name])
    if "stage" in changed:
        member.stage_since = localdate(now)
    if "phone" in values and _take_phone(member, values["phone"] or ""):
        changed.append("phone")
    return changed


def _name(raw: str) -> str:
    try:
        return rules.normalized_name(raw)
    except rules.MixedAlphabets as error:
        text = _("A word of this name mixes alphabets. Write each word in letters of one alphabet.")
        raise InvalidInput.on("/display_name", text, "mixed_alphabets") from error
    except rules.NotAName as error:
        raise InvalidInput.on(
            "/display_name", _("Enter a name of 1 to 80 readable characters.")
        ) from error


def _number(raw: str) -> str | None:
    try:
        return rules.normalized_number(raw) or None
    except rules.NotANumber as error:
        text = _("Enter a customer number of at most 64 readable characters.")
        raise InvalidInput.on("/customer_no", text) from error


def _may_place(dealer: Any, actor: Viewer) -> bool:
    """Whether the actor may have members of this dealer; without one only the whole brand."""
    if actor.dealer_ids is None:
        return True
    return dealer is not None and dealer.pk in actor.dealer_ids


def _take_phone(member: Member, raw: str) -> bool:
    if not raw.strip():
        had = member.phone_hash is not None
        member.phone_cipher = member.phone_hash = None
        member.phone_masked = member.phone_tail = ""
        return had
    try:
        number = rules.normalized_phone(raw)
    except rules.NotAPhone as error:
        raise InvalidInput.on(
            "/phone", _("This is not a phone number. Example: 13800001234.")
        ) from error
    found_by = crypto.lookup_hash(brand_id=member.brand_id, kind="phone", value=number)
    if member.phone_hash is not None and bytes(member.phone_hash) == found_by:
        return False
    member.phone_hash, member.phone_cipher = found_by, crypto.encrypt(number)
    member.phone_masked, member.phone_tail = rules.masked_phone(number), number[-4:]
    return True


def _tell_of_owners(member: Member, changed: list[str], now: datetime) -> None:
    """Say whose the phone or the customer number is that the member was to get."""
    others = Member.objects.filter(brand_id=member.brand_id).exclude(pk=member.pk)
    unique = {"phone": "phone_hash", "customer_no": "customer_no"}
    for by, column in unique.items():
        value = getattr(member, column)
        if by in changed and value is not None:
            owner = others.filter(**{column: value}).values_list("pk", flat=True).first()
            if owner is not None:
                mix_up = ports.MixUp(by, member.pk, owner)
                ports.member_mixed_up(mix_up=mix_up, brand_id=member.brand_id, now=now)


def _store(member: Member) -> None:
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError as error:
        # Not whose it is: the other member may be out of the actor's sight.
        if ONE_PER_PHONE in str(error):
            text = _("A member with this phone number exists already.")
            raise InvalidInput.on("/phone", text, "phone_taken") from error
        if ONE_PER_NUMBER in str(error):
            text = _("A member with this customer number exists already.")
            raise InvalidInput.on("/customer_no", text, "customer_no_taken") from error
        raise
