import pytest
from django.db import connection

from core.kernel.scoping import tenant
from members.imports.member_upsert import JOIN_VEHICLE
from tests.factories.members import MemberFactory, VehicleModelFactory

pytestmark = pytest.mark.django_db


def test_the_owner_of_a_car_is_found_by_index(brand):
    """A file asks for every row that names a car who has it and who had it."""
    member, model = MemberFactory(brand=brand), VehicleModelFactory(brand=brand)
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO members_vehicle"
            " (brand_id, vin_cipher, vin_hash, vin_tail, model_id, is_domestic, created_at)"
            " SELECT %s, 'x', decode(md5(n::text), 'hex'), '000000', %s, true, now()"
            " FROM generate_series(1, 20000) AS n",
            [brand.pk, model.pk],
        )
        cursor.execute(
            "INSERT INTO members_ownership (brand_id, vehicle_id, member_id, delivered_on)"
            " SELECT %s, id, %s, '2024-01-01' FROM members_vehicle",
            [brand.pk, member.pk],
        )
        cursor.execute("ANALYZE members_vehicle; ANALYZE members_ownership")
        cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        cursor.execute(
            "EXPLAIN SELECT * FROM (SELECT decode(md5(n::text), 'hex') AS vin_hash"
            " FROM generate_series(1, 5000) AS n) AS s" + JOIN_VEHICLE,
            {"brand": brand.pk},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on members_ownership" not in plan, plan
    assert "members_ownership_no_overlap" in plan, plan
