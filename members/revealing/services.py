from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _

from core.api_keys import selectors as api_keys
from core.audit import services as audit
from core.kernel import crypto, formats
from core.kernel.access import Permission
from core.kernel.errors import DomainError, Forbidden, InvalidInput, Kind, NotFound
from members.identities.models import Identity
from members.profiles.models import Member
from members.revealing.models import Reveal, RevealLimit, RevealTally
from members.revealing.selectors import limit_of
from members.vehicles.models import Ownership
from members.vehicles.selectors import cars_of_others

if TYPE_CHECKING:
    from core.kernel.access import Viewer

SHORTEST_NOTE, LONGEST_NOTE = 2, 200
# Counts one more unless the cap is reached: the row's lock makes others wait and look again.
COUNT = """
    INSERT INTO members_revealtally AS tally (brand_id, who, day, used)
    SELECT %(brand)s, %(who)s, %(day)s, 1 WHERE %(cap)s > 0
    ON CONFLICT (brand_id, who, day) DO UPDATE SET used = tally.used + 1
        WHERE tally.used < %(cap)s
    RETURNING used
"""


class OfAnother(DomainError):
    """The car is somebody else's now, and so is its number."""

    code = "car_of_another"


class TooManyReveals(DomainError):
    """The person has revealed as many values today as the brand allows."""

    code = "too_many_reveals"
    kind = Kind.TOO_MANY


@dataclass(frozen=True, slots=True)
class Revealed:
    """The whole value, and how many more the person may see today."""

    value: str
    left: int


@transaction.atomic
def reveal(
    *,
    member: Member,
    field: str,
    reason: str,
    note: str,
    actor: Viewer,
    now: datetime,
    of_id: int | None = None,
) -> Revealed:
    """Return a value behind its mask, and keep who saw it, whose it is, and why.

    ``of_id`` names the car or the identity. Looking again counts again.

    Raises:
        Forbidden: the actor's roles do not include revealing.
        InvalidInput: the field or reason is unknown, or nothing was written.
        NotFound: the member has no such value, or is gone.
        OfAnother: the member sold the car, and somebody else owns it now.
        TooManyReveals: the actor has reached the day's cap.
    """
    actor.require(Permission.MEMBERS_REVEAL)
    text = _checked(field, reason, note)
    held = Member.objects.select_for_update(no_key=True).or_gone(pk=member.pk)
    value = _value(held, field, of_id)
    cap = limit_of(brand_id=member.brand_id).per_day
    used = _count(brand_id=member.brand_id, who=_name_of(actor), day=localdate(now), cap=cap)
    if used is None:
        raise _too_many(cap, now)
    if used == 1:
        forget_tallies(brand_id=member.brand_id, now=now)
    row = Reveal.objects.create(
        brand_id=member.brand_id,
        member=member,
        field=field,
        of_id=of_id,
        reason=reason,
        note=text,
        actor_id=actor.staff_id,
        actor_label=actor.label,
        at=now,
    )
    data = {"revealed": field, "why": reason, "of": of_id, "reveal": row.pk}
    audit.record(action="member.revealed", subject=member, actor=actor, now=now, data=data)
    return Revealed(value, max(0, cap - used))


def _checked(field: str, reason: str, note: str) -> str:
    if field not in Reveal.Field.values:
        raise InvalidInput.on("/field", _("There is nothing of this name to reveal."))
    if reason not in Reveal.Reason.values:
        raise InvalidInput.on("/reason", _("Choose one of the reasons."))
    text = " ".join(note.split())
    if not SHORTEST_NOTE <= len(text) <= LONGEST_NOTE:
        raise InvalidInput.on("/note", _("Say in a few words what you need it for."))
    return text


def _value(member: Member, field: str, of_id: int | None) -> str:
    if field == Reveal.Field.PHONE:
        if member.phone_cipher is None:
            raise NotFound(_("No phone number is known."))
        number = crypto.decrypt(bytes(member.phone_cipher))
        return number.removeprefix("+86")
    mine = {"brand_id": member.brand_id, "member_id": member.pk}
    if field == Reveal.Field.VIN:
        held = (
            Ownership.objects.filter(**mine, vehicle_id=of_id or 0)
            .select_related("vehicle")
            .first()
        )
        if held is None:
            raise NotFound(_("The member has no such car."))
        if held.vehicle_id in cars_of_others(**mine):
            raise OfAnother(
                _(
                    "Somebody else owns this car now. Reveal the VIN from the page of its owner, "
                    "for a reason that concerns them."
                )
            )
        return crypto.decrypt(bytes(held.vehicle.vin_cipher))
    identity = Identity.objects.filter(**mine, pk=of_id or 0).first()
    if identity is None:
        raise NotFound(_("The member has no such name in another system."))
    return identity.value


def _count(*, brand_id: int, who: str, day: date, cap: int) -> int | None:
    """Count one more and return the new number; None where the cap is reached."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"brand": brand_id, "who": who, "day": day, "cap": cap})
        found = cursor.fetchone()
    return int(found[0]) if found else None


def _name_of(actor: Viewer) -> str:
    """Return whose cap it is: keys do not give the person who makes them another one."""
    person = api_keys.person_of(actor)
    if person is not None:
        return f"staff:{person}"
    return f"key:{actor.api_key_id}" if actor.api_key_id is not None else "system"


def _too_many(cap: int, now: datetime) -> TooManyReveals:
    midnight = datetime.combine(localdate(now) + timedelta(days=1), time(), get_default_timezone())
    text = _(
        "You have revealed %(cap)s values today, which is as many as the brand allows a person. "
        "It starts anew at midnight; an HQ administrator may raise the number."
    )
    return TooManyReveals(
        text % {"cap": formats.grouped(cap)},
        per_day=cap,
        resets_at=midnight.isoformat(),
        retry_after=int((midnight - now).total_seconds()) + 1,
    )


@transaction.atomic
def change_limit(*, per_day: int, actor: Viewer, now: datetime) -> RevealLimit:
    """Set how many values a person may reveal a day; 0 lets nobody.

    Raises:
        Forbidden: the actor may not edit the rules of privacy, or does not see the whole brand.
        InvalidInput: the number is out of range.
    """
    actor.require(Permission.PRIVACY_EDIT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Only who sees the whole brand may change its rules."))
    if not 0 <= per_day <= RevealLimit.MOST:
        text = _("Choose a number from 0 to %(most)s.")
        most = formats.grouped(RevealLimit.MOST)
        raise InvalidInput.on("/per_day", text % {"most": most}, "out_of_range")
    limit, _is_new = RevealLimit.objects.update_or_create(
        brand_id=actor.brand_id, defaults={"per_day": per_day}
    )
    data = {"per_day": per_day}
    audit.record(action="reveal_limit.changed", subject=limit, actor=actor, now=now, data=data)
    return limit


def forget_tallies(*, brand_id: int, now: datetime) -> int:
    """Delete the counts of days that are over."""
    past = RevealTally.objects.filter(brand_id=brand_id, day__lt=localdate(now))
    return past.delete()[0]
