"""What must hold of cars, their owners and their odometers."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: no car has two owners on one day",
        """
        SELECT a.id, b.id FROM members_ownership AS a
        JOIN members_ownership AS b
          ON b.brand_id = a.brand_id AND b.vehicle_id = a.vehicle_id AND b.id > a.id
         AND daterange(a.delivered_on, a.ended_on) && daterange(b.delivered_on, b.ended_on)
        WHERE a.brand_id = %(brand_id)s
        """,
    ),
    Invariant(
        "members: no odometer went back without a reason",
        """
        SELECT id FROM (
            SELECT id, km, reason, lag(km) OVER (
                PARTITION BY vehicle_id ORDER BY read_on, id
            ) AS before
            FROM members_mileagereading WHERE brand_id = %(brand_id)s
        ) AS reading WHERE km < before AND reason = ''
        """,
    ),
    Invariant(
        "members: a car's mileage is what its newest reading says",
        """
        SELECT car.id FROM members_vehicle AS car JOIN (
            SELECT DISTINCT ON (vehicle_id) vehicle_id, km FROM members_mileagereading
            WHERE brand_id = %(brand_id)s ORDER BY vehicle_id, read_on DESC, id DESC
        ) AS newest ON newest.vehicle_id = car.id
        WHERE car.brand_id = %(brand_id)s AND car.mileage_km IS DISTINCT FROM newest.km
        """,
    ),
)
