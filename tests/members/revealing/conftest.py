from datetime import date

from django.utils import timezone

from core.kernel import crypto
from members.vehicles.models import Ownership, Vehicle, VehicleModel


def car_of(member, vin):
    """A car that the member owns now."""
    model, _is_new = VehicleModel.objects.get_or_create(
        brand=member.brand, code="E7", defaults={"name": "E7"}
    )
    car = Vehicle.objects.create(
        brand=member.brand,
        vin_cipher=crypto.encrypt(vin),
        vin_hash=crypto.lookup_hash(brand_id=member.brand_id, kind="vin", value=vin),
        vin_tail=vin[-6:],
        model=model,
        created_at=timezone.now(),
    )
    Ownership.objects.create(
        brand=member.brand, vehicle=car, member=member, delivered_on=date(2026, 1, 1)
    )
    return car
