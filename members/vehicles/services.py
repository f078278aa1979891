"""Who owns a car since when, what its odometer says, and where it was serviced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import crypto, days
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.scoping import require_same_brand
from members.profiles import ports
from members.profiles import services as profiles
from members.profiles.models import Member
from members.vehicles import rules, selectors
from members.vehicles.models import MileageReading, Ownership, ServiceVisit, Vehicle

if TYPE_CHECKING:
    from datetime import date

    from core.kernel.access import Viewer
    from core.organizations.models import Dealer
    from members.vehicles.models import VehicleModel

MAX_KM = 5_000_000
MAX_FEN = 10**12
NO_OVERLAP = "members_ownership_no_overlap"
ONE_CURRENT = "members_ownership_one_current"


class VehicleOwned(DomainError):
    """Somebody owns the car now; it has to be transferred or given up first."""

    code = "vehicle_owned"


class OwnershipOverlaps(DomainError):
    """Somebody else had the car on one of these days."""

    code = "ownership_overlaps"


class OwnershipEnded(DomainError):
    """The car is not this person's any more."""

    code = "ownership_ended"


@dataclass(frozen=True, slots=True)
class Car:
    """A car as a person enters it."""

    vin: str
    model: VehicleModel
    is_domestic: bool = True


@transaction.atomic
def add_ownership(
    *, member: Member, car: Car, delivered_on: date, actor: Viewer, now: datetime
) -> Ownership:
    """Note that a member owns a car since a day; a car unknown so far is taken in.

    Raises:
        InvalidInput: the VIN is none, a domestic car's check digit is wrong, or the day lies ahead.
        NotFound: the member is gone.
        OwnershipOverlaps: somebody had the car on or after that day.
        VehicleOwned: somebody owns the car now.
    """
    require_same_brand(member, car.model)
    vin = _checked_vin(car)
    _require_past(delivered_on, now, "/delivered_on")
    owner = _held_members(member)[member.pk]
    vehicle = _held_vehicle(_vehicle(car, vin, actor, now))
    current = Ownership.objects.filter(
        brand_id=vehicle.brand_id, vehicle=vehicle, ended_on=None
    ).first()
    if current is not None:
        if current.member_id != owner.pk:
            mix_up = ports.MixUp("vin", owner.pk, current.member_id)
            ports.member_mixed_up(mix_up=mix_up, brand_id=vehicle.brand_id, now=now)
        raise VehicleOwned(
            _("Somebody owns this car already. Transfer it from them, or end their ownership.")
        )
    ownership = _create(vehicle, owner, delivered_on)
    ports.facts_changed(brand_id=owner.brand_id, member_ids=[owner.pk], now=now)
    _tell("vehicle.added", vehicle, actor, now, member=owner.pk)
    return ownership


@transaction.atomic
def end_ownership(
    *, ownership: Ownership, ended_on: date, actor: Viewer, now: datetime
) -> Ownership:
    """Note that a car is no longer its owner's, from ``ended_on`` on.

    Raises:
        InvalidInput: the day lies ahead, or before the delivery.
        OwnershipEnded: it had ended already.
    """
    vehicle = _held_vehicle(ownership.vehicle)
    held = _current(ownership)
    _end(held, ended_on, now, "/ended_on")
    _tell("vehicle.given_up", vehicle, actor, now, member=held.member_id)
    return held


@transaction.atomic
def transfer(
    *, ownership: Ownership, to: Member, on: date, actor: Viewer, now: datetime
) -> Ownership:
    """Hand a car on: its ownership ends on a day, and the other member's begins with it.

    The lock on the car lets one of two transfers through; the other finds the ownership ended.

    Raises:
        InvalidInput: it is the owner's already, or the day lies ahead or before the delivery.
        NotFound: the other member is gone.
        OwnershipEnded: the car is not this person's any more.
    """
    require_same_brand(ownership, to)
    owner = _held_members(to, ownership.member_id)[to.pk]
    vehicle = _held_vehicle(ownership.vehicle)
    held = _current(ownership)
    if held.member_id == owner.pk:
        raise InvalidInput.on("/to", _("The car is theirs already."), "same_owner")
    _end(held, on, now, "/on")
    fresh = _create(vehicle, owner, on)
    both = sorted([held.member_id, owner.pk])
    ports.facts_changed(brand_id=owner.brand_id, member_ids=both, now=now)
    _tell("vehicle.transferred", vehicle, actor, now, **{"from": held.member_id, "to": owner.pk})
    return fresh


@transaction.atomic
def record_reading(
    *, vehicle: Vehicle, read_on: date, km: int, actor: Viewer, now: datetime, reason: str = ""
) -> MileageReading:
    """Keep what the odometer showed. It may fall only with a reason, such as its replacement.

    Raises:
        InvalidInput: the day lies ahead, the number does not fit its neighbors in time, or the car
            was given up before by everybody in the actor's sight.
    """
    _require_past(read_on, now, "/read_on")
    _require_in_sight(vehicle, read_on, actor, "/read_on")
    if not 0 <= km <= MAX_KM:
        raise InvalidInput.on("/km", _("Enter kilometers between 0 and 5,000,000."))
    held = _held_vehicle(vehicle)
    reason = " ".join(reason.split())
    before, after = selectors.readings_around(vehicle=held, day=read_on)
    least = before.km if before else (held.mileage_km or 0 if after is None else 0)
    if km < least and not reason:
        text = _("The car had %(km)s km already. Say why it is lower now.") % {"km": least}
        raise InvalidInput.on("/km", text, "mileage_decreases")
    if after is not None and km > after.km and not after.reason:
        text = _("On %(day)s the car had only %(km)s km.") % {
            "day": after.read_on.isoformat(),
            "km": after.km,
        }
        raise InvalidInput.on("/km", text, "mileage_decreases")
    reading = MileageReading.objects.create(
        brand_id=held.brand_id,
        vehicle=held,
        read_on=read_on,
        km=km,
        reason=reason if km < least else "",
        author_id=actor.staff_id,
        created_at=now,
    )
    if after is None:
        held.mileage_km = km
        held.save(update_fields=["mileage_km"])
    _tell("vehicle.mileage_read", held, actor, now, km=km)
    return reading


@transaction.atomic
def record_visit(
    *,
    vehicle: Vehicle,
    visited_on: date,
    kind: str,
    actor: Viewer,
    now: datetime,
    dealer: Dealer | None = None,
    mileage_km: int | None = None,
    amount_fen: int = 0,
) -> ServiceVisit:
    """Keep a visit to a workshop; the mileage written down there is a reading as well.

    Whoever had the car on that day was active on it.

    Raises:
        InvalidInput: a value is out of range, or the mileage does not fit (``record_reading``).
    """
    require_same_brand(vehicle, *([dealer] if dealer else []))
    _require_past(visited_on, now, "/visited_on")
    _require_in_sight(vehicle, visited_on, actor, "/visited_on")
    if kind not in ServiceVisit.Kind.values:
        raise InvalidInput.on("/kind", _("This kind does not exist."), "unknown_choice")
    if not 0 <= amount_fen <= MAX_FEN:
        raise InvalidInput.on("/amount_fen", _("The amount is out of range."))
    _mark_owner_active(vehicle, visited_on, now)
    if mileage_km is not None:
        try:
            record_reading(vehicle=vehicle, read_on=visited_on, km=mileage_km, actor=actor, now=now)
        except InvalidInput as error:
            text = str(error)
            raise InvalidInput.on("/mileage_km", text, error.problems[0].code) from error
    visit = ServiceVisit.objects.create(
        brand_id=vehicle.brand_id,
        vehicle=vehicle,
        visited_on=visited_on,
        dealer=dealer,
        kind=kind,
        mileage_km=mileage_km,
        amount_fen=amount_fen,
        author_id=actor.staff_id,
        created_at=now,
    )
    _tell("vehicle.serviced", vehicle, actor, now, kind=kind)
    return visit


def _checked_vin(car: Car) -> str:
    try:
        vin = rules.normalized_vin(car.vin)
    except rules.NotAVin as error:
        raise InvalidInput.on("/vin", str(rules.REFUSALS[str(error)]), str(error)) from error
    if car.is_domestic and not rules.has_right_check_digit(vin):
        raise InvalidInput.on("/vin", str(rules.REFUSALS["vin_check_digit"]), "vin_check_digit")
    return vin


def _vehicle(car: Car, vin: str, actor: Viewer, now: datetime) -> Vehicle:
    found, _is_new = Vehicle.objects.get_or_create(
        brand_id=actor.brand_id,
        vin_hash=crypto.lookup_hash(brand_id=actor.brand_id, kind="vin", value=vin),
        defaults={
            "vin_cipher": crypto.encrypt(vin),
            "vin_tail": vin[-6:],
            "model": car.model,
            "is_domestic": car.is_domestic,
            "created_at": now,
        },
    )
    return found


def _held_members(owner: Member, *others: int) -> dict[int, Member]:
    """Lock members before the car, as a merge does, by their numbers; only the owner must exist."""
    rows = Member.objects.select_for_update(no_key=True).order_by("pk")
    held = {row.pk: row for row in rows.filter(brand_id=owner.brand_id, pk__in={owner.pk, *others})}
    if owner.pk not in held:
        raise NotFound(_("This member does not exist any more."))
    return held


def _mark_owner_active(vehicle: Vehicle, day: date, now: datetime) -> None:
    """Let a day count as activity of whoever had the car then; before the car is held."""
    owned = Ownership.objects.filter(
        Q(ended_on=None) | Q(ended_on__gt=day),
        brand_id=vehicle.brand_id,
        vehicle=vehicle,
        delivered_on__lte=day,
    )
    at = make_aware(datetime.combine(day, time.min))
    met = dict.fromkeys(owned.values_list("member_id", flat=True), at)
    profiles.mark_active(brand_id=vehicle.brand_id, met=met, now=now)


def _held_vehicle(vehicle: Vehicle) -> Vehicle:
    return Vehicle.objects.select_for_update(no_key=True).or_gone(pk=vehicle.pk)


def _current(ownership: Ownership) -> Ownership:
    held = Ownership.objects.filter(pk=ownership.pk, ended_on=None).first()
    if held is None:
        raise OwnershipEnded(_("The car is not this person's any more."))
    return held


def _end(held: Ownership, on: date, now: datetime, pointer: str) -> None:
    _require_past(on, now, pointer)
    if on < held.delivered_on:
        text = _("The car was delivered on %(day)s; it cannot go before.") % {
            "day": held.delivered_on.isoformat()
        }
        raise InvalidInput.on(pointer, text, "ends_before_start")
    held.ended_on = on
    held.save(update_fields=["ended_on"])


def _create(vehicle: Vehicle, member: Member, delivered_on: date) -> Ownership:
    try:
        with transaction.atomic():
            return Ownership.objects.create(
                brand_id=vehicle.brand_id, vehicle=vehicle, member=member, delivered_on=delivered_on
            )
    except IntegrityError as error:
        if ONE_CURRENT in str(error):
            raise VehicleOwned(_("Somebody owns this car already.")) from error
        if NO_OVERLAP in str(error):
            raise OwnershipOverlaps(
                _("Somebody else had this car on or after that day.")
            ) from error
        raise


def _require_past(day: date, now: datetime, pointer: str) -> None:
    days.require_past(day, now=now, pointer=pointer)
    if not rules.is_of_our_time(day):
        raise InvalidInput.on(pointer, str(rules.REFUSALS["year"]), "year")


def _require_in_sight(vehicle: Vehicle, day: date, actor: Viewer, pointer: str) -> None:
    """Refuse what would be about somebody of another dealer, who has the car since."""
    if actor.dealer_ids is None:
        return
    owned = Ownership.objects.visible_to(actor).filter(vehicle=vehicle)
    if not owned.filter(Q(ended_on=None) | Q(ended_on__gt=day)).exists():
        text = _("On this day the car was no longer anybody's whom you may see.")
        raise InvalidInput.on(pointer, text, "out_of_sight")


def _tell(action: str, vehicle: Vehicle, actor: Viewer, now: datetime, **data: Any) -> None:
    audit.record(action=action, subject=vehicle, actor=actor, now=now, data=data)
