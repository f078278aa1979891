"""What conditions on communities cost; what they mean is proved in tests/members/segments."""

import pytest
from django.db import connection, transaction

from core.kernel.scoping import tenant
from members.segments import selectors
from tests.factories.core import BrandFactory

ROOMS, SEATS, MESSAGES = 120, 30, 40
FILL = [
    """INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender, stage,
           source, created_at, updated_at, version)
       SELECT %(brand)s, 'M', '', '', '', 'growth', 'app', now(), now(), 1
       FROM generate_series(1, %(seats)s)""",
    """INSERT INTO communities_community (brand_id, kind, name, topic, state, group_key,
           room_name_template, room_cap, created_at, version)
       SELECT %(brand)s, 'service', 'C', '', 'active', '', 'R', 500, now(), 1
       FROM generate_series(1, %(rooms)s)""",
    """INSERT INTO communities_room (brand_id, community_id, number, name, channel, state, cap,
           member_count, last_seq, created_at)
       SELECT brand_id, id, 1, 'R', 'in_app', 'open', 500, 0, %(messages)s, now()
       FROM communities_community WHERE brand_id = %(brand)s""",
    """INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role,
           source, placement, joined_at, read_seq)
       SELECT room.brand_id, room.community_id, room.id, person.id, 'member', 'build', '', now(),
           person.id %% %(messages)s
       FROM communities_room room JOIN members_member person ON person.brand_id = room.brand_id
       WHERE room.brand_id = %(brand)s""",
    """INSERT INTO communities_roommessage (brand_id, room_id, seq, sender, sender_label, body,
           link, created_at)
       SELECT room.brand_id, room.id, n, 'staff', 'x', 'x', '',
           now() - (%(messages)s - n) * interval '1 day'
       FROM communities_room room, generate_series(1, %(messages)s) n
       WHERE room.brand_id = %(brand)s""",
    """ANALYZE members_member, communities_room, communities_membership,
           communities_roommessage""",
]
READ = {"field": "messages.read", "cmp": "gte", "value": {"number": 1, "days": 7}}


@pytest.fixture(scope="module")
def busy(django_db_setup, django_db_blocker):
    """Rooms with seats and messages; made once, taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        brand = BrandFactory()
        values = {"brand": brand.pk, "rooms": ROOMS, "seats": SEATS, "messages": MESSAGES}
        with tenant(brand.pk), connection.cursor() as cursor:
            for statement in FILL:
                cursor.execute(statement, values)
            yield brand
        transaction.set_rollback(True)


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def looked_at(brand, **options):
    """How often the messages of a room were asked, and by which index."""
    found = selectors.member_ids_sql(
        tree={"op": "all", "items": [READ]}, brand_id=brand.pk, **options
    )
    with connection.cursor() as cursor:
        selectors.prepare()
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + found.sql, found.params)
        plan = cursor.fetchone()[0][0]["Plan"]
    asked = [n for n in nodes(plan) if n.get("Relation Name") == "communities_roommessage"]
    return asked[0]["Actual Loops"], asked[0].get("Index Name")


def test_messages_are_asked_once_a_room_by_their_key(busy):
    loops, index = looked_at(busy)
    assert (loops, index) == (ROOMS, "communities_roommessage_in_order")


def test_for_one_person_only_their_rooms_are_asked(busy):
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM members_member WHERE brand_id = %s", [busy.pk])
        person = cursor.fetchone()[0]
        cursor.execute(
            "UPDATE communities_membership SET left_at = now() WHERE brand_id = %s"
            " AND member_id = %s AND room_id NOT IN (SELECT min(id) FROM communities_room"
            " WHERE brand_id = %s)",
            [busy.pk, person, busy.pk],
        )
    loops, index = looked_at(busy, only=[person])
    assert (loops, index) == (1, "communities_roommessage_in_order")
