"""What a batch of deliveries is read with, also in a brand that the planner has not heard of."""

from __future__ import annotations

import json

import pytest
from django.db import connection, connections
from django.utils import timezone

from communities.broadcasts import parcels
from communities.broadcasts.models import Broadcast, Delivery
from communities.communities.models import Community
from communities.rooms.models import Room
from core.kernel.scoping import tenant
from tests.factories.communities import BroadcastFactory, DeliveryFactory, RoomFactory
from tests.factories.core import BrandFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
ROOMS = 60


def on_its_way(brand, count):
    broadcast = BroadcastFactory(brand=brand, state="sending", scheduled_at=timezone.now())
    rooms = RoomFactory.create_batch(count, brand=brand)
    return [DeliveryFactory(brand=brand, broadcast=broadcast, room=room).pk for room in rooms]


def rows_looked_at(plan):
    """How many rows a node of the plan gave and threw away, over all its rounds."""
    removed = sum(value for name, value in plan.items() if name.startswith("Rows Removed"))
    own = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    return max([own, *(rows_looked_at(part) for part in plan.get("Plans", ()))])


def test_a_batch_is_read_row_by_row_in_a_brand_without_a_sample(brand):
    known = BrandFactory()
    on_its_way(known, ROOMS)
    with connections["owner"].cursor() as cursor:
        for model in (Broadcast, Delivery, Community, Room):
            cursor.execute(f"ANALYZE {model._meta.db_table}")
    ids = on_its_way(brand, ROOMS)
    with tenant(brand.pk), connection.cursor() as cursor:
        explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {parcels.LOAD}"
        cursor.execute(explained, {"brand": brand.pk, "ids": ids})
        [(found,)] = cursor.fetchall()
        [explain] = json.loads(found) if isinstance(found, str) else found
        loaded = parcels.load(brand_id=brand.pk, delivery_ids=ids)
    # A table of a page or two is read whole for each row, and by its key once it is larger. Joined
    # by the brand alone they would meet each other: the third power.
    assert rows_looked_at(explain["Plan"]) <= 4 * ROOMS**2
    assert sorted(parcel.id for parcel in loaded) == ids
