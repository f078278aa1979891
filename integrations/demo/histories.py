"""What happened to the cars of a fresh demonstration brand: workshops, odometers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.timezone import localdate

from integrations.demo import loader

if TYPE_CHECKING:
    from datetime import datetime

# Every fifth car has been to a workshop twice; the newest reading is the car's own mileage.
VISITS = """
INSERT INTO members_servicevisit
    (brand_id, vehicle_id, visited_on, dealer_id, kind, mileage_km, amount_fen, created_at)
SELECT car.brand_id, car.id,
       held.delivered_on + (today.day - held.delivered_on) * part * (60 + car.id %% 40)::int / 200,
       owner.home_dealer_id, CASE WHEN part = 1 THEN 'maintenance' ELSE 'repair' END,
       car.mileage_km * part / 2, (300 + car.id * part * 37 %% 900) * 100, %(now)s
FROM members_vehicle AS car
JOIN members_ownership AS held
  ON held.brand_id = car.brand_id AND held.vehicle_id = car.id AND held.ended_on IS NULL
JOIN members_member AS owner ON owner.brand_id = car.brand_id AND owner.id = held.member_id
CROSS JOIN (SELECT %(today)s::date AS day) AS today
CROSS JOIN generate_series(1, 2) AS part
WHERE car.brand_id = %(brand)s AND car.id %% 5 = 0 AND car.mileage_km IS NOT NULL
  AND held.delivered_on < today.day
"""
READINGS = """
INSERT INTO members_mileagereading (brand_id, vehicle_id, read_on, km, reason, created_at)
SELECT brand_id, vehicle_id, visited_on, mileage_km, '', created_at
FROM members_servicevisit WHERE brand_id = %(brand)s ORDER BY vehicle_id, visited_on, mileage_km
"""


def write(*, brand_id: int, now: datetime) -> None:
    """Write visits and the readings they brought, while the tables are open."""
    values: dict[str, Any] = {"brand": brand_id, "now": now, "today": localdate(now)}
    loader.execute(VISITS, values)
    loader.execute(READINGS, values)
