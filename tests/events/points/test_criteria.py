"""What conditions on points cost; what they mean is proved in tests/members/segments."""

import pytest
from django.db import connection, transaction

from core.kernel.scoping import tenant
from members.segments import selectors
from tests.factories.core import BrandFactory

PEOPLE, ENTRIES = 3_000, 4
FILL = [
    """INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender, stage,
           source, created_at, updated_at, version)
       SELECT %(brand)s, 'M', '', '', '', 'growth', 'app', now(), now(), 1
       FROM generate_series(1, %(people)s)""",
    """INSERT INTO events_pointsentry (brand_id, member_id, ledger, kind, side, amount, state,
           settled_at, source, source_id, reason, occurred_at, created_at, created_by_label)
       SELECT brand_id, id, 'points', 'earn', 'earned', 1 + id %% 500, 'confirmed', now(), 'cost',
           id || '-' || n, '', now() - (n * 20 + id %% 20) * interval '1 day', now(), ''
       FROM members_member, generate_series(0, %(entries)s - 1) n WHERE brand_id = %(brand)s""",
    "ANALYZE members_member, events_pointsentry, events_pointsbalance",
]


@pytest.fixture(scope="module")
def busy(django_db_setup, django_db_blocker):
    """People with points; made once, taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        brand = BrandFactory()
        values = {"brand": brand.pk, "people": PEOPLE, "entries": ENTRIES}
        with tenant(brand.pk), connection.cursor() as cursor:
            for statement in FILL:
                cursor.execute(statement, values)
            yield brand
        transaction.set_rollback(True)


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def indexes(brand, condition, **options):
    """Return the indexes by which the tables of points are read."""
    found = selectors.member_ids_sql(
        tree={"op": "all", "items": [condition]}, brand_id=brand.pk, **options
    )
    with connection.cursor() as cursor:
        selectors.prepare()
        cursor.execute("EXPLAIN (FORMAT JSON) " + found.sql, found.params)
        plan = cursor.fetchone()[0][0]["Plan"]
    return {n["Index Name"] for n in nodes(plan) if "events_" in n.get("Index Name", "")}


def test_a_high_balance_is_found_by_balance(busy):
    rich = {"field": "points.balance", "cmp": "gte", "value": 1_990}
    assert indexes(busy, rich) == {"events_points_by_balance"}


@pytest.mark.parametrize("field", ["points.earned", "points.last"])
def test_a_short_window_is_found_by_its_time(field, busy):
    value = {"number": 1, "days": 2} if field == "points.earned" else 2
    cmp = "gte" if field == "points.earned" else "within"
    found = indexes(busy, {"field": field, "cmp": cmp, "value": value})
    assert found == {"events_points_in_window"}


def test_one_persons_rows_are_found_by_the_person(busy):
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM members_member WHERE brand_id = %s", [busy.pk])
        person = cursor.fetchone()[0]
    earned = {"field": "points.earned", "cmp": "gte", "value": {"number": 1, "days": 2000}}
    assert indexes(busy, earned, only=[person]) == {"events_points_of_member"}
