"""Which indexes conditions on events use; what they mean is proved in tests/members/segments."""

import pytest
from django.db import connection, transaction

from core.kernel.scoping import tenant
from members.segments import selectors
from tests.factories.core import BrandFactory

EVENTS, MEMBERS, EACH = 60, 12_000, 15
FILL = [
    """INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender, stage,
           source, created_at, updated_at, version)
       SELECT %(brand)s, 'M', '', '', '', 'growth', 'app', now(), now(), 1
       FROM generate_series(1, %(members)s)""",
    """INSERT INTO events_event (brand_id, kind, name, state, is_online, starts_at, ends_at, venue,
           guests_each, external_no, created_at, version)
       SELECT %(brand)s, 'salon', 'E', 'done', false, now() - n * interval '6 days',
           now() - n * interval '6 days' + interval '2 hours', '', 0, '', now(), 1
       FROM generate_series(1, %(events)s) n""",
    """INSERT INTO events_registration (brand_id, event_id, member_id, state, guests, source,
           registered_at, checked_in_at)
       SELECT event.brand_id, event.id, person.id,
           CASE WHEN said.came THEN 'checked_in' ELSE 'registered' END, 0, 'api', event.starts_at,
           CASE WHEN said.came THEN event.starts_at END
       FROM events_event event
       JOIN members_member person
           ON person.brand_id = event.brand_id AND person.id %% %(each)s = event.id %% %(each)s
       CROSS JOIN LATERAL (SELECT person.id %% 7 <> 0 AS came) said
       WHERE event.brand_id = %(brand)s""",
    "ANALYZE members_member, events_event, events_registration",
]
LATELY = {"number": 1, "days": 10}


@pytest.fixture(scope="module")
def busy(django_db_setup, django_db_blocker):
    """Events with people at them; made once, taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        brand = BrandFactory()
        values = {"brand": brand.pk, "events": EVENTS, "members": MEMBERS, "each": EACH}
        with tenant(brand.pk), connection.cursor() as cursor:
            for statement in FILL:
                cursor.execute(statement, values)
            yield brand
        transaction.set_rollback(True)


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def read(brand, field, cmp, value, **options):
    """By which index registrations are read."""
    leaf = {"field": field, "cmp": cmp} | ({"value": value} if value is not None else {})
    found = selectors.member_ids_sql(
        tree={"op": "all", "items": [leaf]}, brand_id=brand.pk, **options
    )
    with connection.cursor() as cursor:
        selectors.prepare()
        cursor.execute("EXPLAIN (FORMAT JSON) " + found.sql, found.params)
        plan = cursor.fetchone()[0][0]["Plan"]
    asked = [node for node in nodes(plan) if "Index Name" in node]
    return {node["Index Name"] for node in asked if node["Index Name"].startswith("events_")}


@pytest.mark.parametrize(
    ("field", "cmp", "value", "index"),
    [
        ("events.attended", "gte", LATELY, "events_checkin_in_time"),
        ("events.last", "within", 10, "events_checkin_in_time"),
        ("events.missed", "gte", LATELY, "events_registration_open"),
    ],
)
def test_who_came_lately_is_read_from_the_index_named_for_it(busy, field, cmp, value, index):
    assert index in read(busy, field, cmp, value)


@pytest.mark.parametrize("field", ["events.attended", "events.missed"])
def test_for_one_person_only_their_own_rows_are_read(busy, field):
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM members_member WHERE brand_id = %s", [busy.pk])
        (person,) = cursor.fetchone()
    used = read(busy, field, "gte", 1, only=[person])
    assert used & {
        *("events_checkin_of_member", "events_open_of_member", "events_registration_open"),
        *("events_registration_one_each", "events_registration_of_member"),
    }
