"""Behind row-level security, as the application's role: each reason is walked by an index."""

import pytest
from django.db import connection, transaction

from core.kernel.scoping import tenant
from members.duplicates import finding
from members.identities.models import Identity
from tests.factories.core import BrandFactory, DealerFactory
from tests.factories.members import VehicleModelFactory

NUMBER = 20_000
MEMBERS = """
    INSERT INTO members_member (brand_id, display_name, phone_hash, phone_cipher, phone_masked,
        phone_tail, gender, stage, source, home_dealer_id, created_at, updated_at, version)
    SELECT %(brand)s, 'M' || n % 5000, decode(md5(n::text), 'hex'), '', '',
        lpad((n % 10000)::text, 4, '0'), '', 'growth', 'app',
        (%(dealers)s::bigint[])[1 + n % 20], now(), now(), 1
    FROM generate_series(1, %(number)s) n
"""
IDENTITIES = """
    INSERT INTO members_identity (brand_id, member_id, kind, value, created_at)
    SELECT brand_id, id, 'app_user', 'u' || id, now() FROM members_member
    WHERE brand_id = %(brand)s
"""
CARS = """
    INSERT INTO members_vehicle (brand_id, vin_cipher, vin_hash, vin_tail, model_id, is_domestic,
        created_at)
    SELECT %(brand)s, '', decode(md5(n::text), 'hex'), '', %(model)s, true, now()
    FROM generate_series(1, %(number)s) n
"""
OWNED = """
    INSERT INTO members_ownership (brand_id, vehicle_id, member_id, delivered_on)
    SELECT m.brand_id, car.id, m.id, '2024-01-01'
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM members_member
          WHERE brand_id = %(brand)s) AS m
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM members_vehicle
          WHERE brand_id = %(brand)s) AS car USING (n)
"""
TABLES = "members_member, members_identity, members_vehicle, members_ownership"


@pytest.fixture(scope="module")
def large(django_db_setup, django_db_blocker):
    """Made once: the tests only ask for plans. Taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield from filled(BrandFactory())
        transaction.set_rollback(True)


def filled(brand):
    dealers = [dealer.pk for dealer in DealerFactory.create_batch(20, brand=brand)]
    values = {"brand": brand.pk, "number": NUMBER, "dealers": dealers}
    values["model"] = VehicleModelFactory(brand=brand).pk
    with tenant(brand.pk), connection.cursor() as cursor:
        for sql in (MEMBERS.replace(" % ", " %% "), IDENTITIES, CARS, f"ANALYZE {TABLES}", OWNED):
            cursor.execute(sql, values)
        cursor.execute(f"ANALYZE {TABLES}")
        cursor.execute(
            "SELECT id FROM members_member WHERE brand_id = %s ORDER BY id OFFSET 500 LIMIT 501",
            [brand.pk],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
        yield values | {"low": ids[0], "high": ids[-1]}


@pytest.mark.parametrize(
    ("reason", "indexes"),
    [
        ("identity", ["members_identity_by_member", "members_identity_one_owner"]),
        ("merged_phone", ["members_merged_into", "members_member_one_per_phone"]),
        ("vehicle", ["members_ownership_by_member", "members_ownership_no_overlap"]),
        ("name_tail", ["members_member_by_phone_tail"]),
        ("name_dealer", ["members_member_by_dealer"]),
    ],
)
def test_each_reason_is_walked_by_an_index(large, reason, indexes):
    part = next(each for each in finding.PARTS if each.reason == reason)
    after, upto = large["low"], large["high"]
    if reason == "name_tail":
        after, upto = "0100", "0150"
    elif reason == "name_dealer":
        after, upto = large["dealers"][0], large["dealers"][1]
    values = {"brand": large["brand"], "after": after, "upto": upto, "most": 5, "stretch": 500}
    values["kinds"] = Identity.Kind.values
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        for sql, wanted in ((part.pairs, indexes), (part.following, [])):
            cursor.execute(f"EXPLAIN {sql}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert [index for index in wanted if index not in plan] == []
            if reason != "merged_phone":  # of which there are none here
                assert "Seq Scan" not in plan
