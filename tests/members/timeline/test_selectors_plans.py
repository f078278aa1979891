"""Behind row-level security, as the application's role: no source reads more than its page."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.timeline import ports
from members.timeline.rules import Before, Position
from tests.factories.communities import BroadcastFactory, MembershipFactory, RoomFactory
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory, TagFactory
from tests.members.timeline.conftest import NOON

MANY, PAGE = 20_000, 21
FILL = {
    "members_order": """
        INSERT INTO members_order (brand_id, order_no, member_id, ordered_at, amount_fen, quantity,
            channel)
        SELECT %(brand)s, 'P' || n, %(member)s, %(noon)s::timestamptz - n * interval '1 minute',
            100, 1, 'app' FROM generate_series(1, %(many)s) n""",
    "members_stagechange": """
        INSERT INTO members_stagechange (brand_id, member_id, from_stage, to_stage, reason, note,
            policy_version, at, author_label)
        SELECT %(brand)s, %(member)s, 'growth', 'lost', 'lost', '', 0,
            %(noon)s::timestamptz - n * interval '1 minute', ''
        FROM generate_series(1, %(many)s) n""",
    "core_auditentry": """
        INSERT INTO core_auditentry (brand_id, actor_label, action, subject_type, subject_id, data,
            created_at)
        SELECT %(brand)s, 'P', 'member.changed', 'members.member', %(member)s, '{}',
            %(noon)s::timestamptz - n * interval '1 minute' FROM generate_series(1, %(many)s) n""",
    "communities_membership": """
        INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role,
            source, placement, joined_at, left_at, read_seq)
        SELECT %(brand)s, %(community)s, %(room)s, who.id, 'member', 'manual', '',
            %(long_ago)s::timestamptz - n * interval '2 minute',
            %(long_ago)s::timestamptz - n * interval '2 minute' + interval '1 minute', 0
        FROM members_member who, generate_series(1, 1000) n WHERE who.brand_id = %(brand)s""",
    "communities_delivery": """
        INSERT INTO communities_delivery (brand_id, state, claimable_at, fence, settled_at, error,
            broadcast_id, room_id, due_at, is_marketing, message_seq)
        SELECT %(brand)s, 'sent', row.created_at, 1,
            %(noon)s::timestamptz - row_number() OVER (ORDER BY row.id) * interval '1 minute', '',
            row.id, %(room)s, row.created_at, false, 1
        FROM communities_broadcast row WHERE row.brand_id = %(brand)s""",
    "communities_broadcast": """
        INSERT INTO communities_broadcast (brand_id, name, purpose, body, link, audience, state,
            excluded, room_count, people_count, sent_count, failed_count, created_by_label,
            created_at, scheduled_at, version)
        SELECT %(brand)s, 'B', 'service', '', '', '{}', 'sent', '[]', 1, 1, 1, 0, '', now(), now(),
            1 FROM generate_series(1, 5000) n""",
    "members_tagact": """
        INSERT INTO members_tagact (brand_id, source, author_label, at)
        SELECT %(brand)s, 'manual', 'P', %(noon)s::timestamptz - n * interval '1 minute'
        FROM generate_series(1, 5000) n""",
    "members_tagchange": """
        INSERT INTO members_tagchange (brand_id, act_id, tag_id, tag_name, kind, people)
        SELECT %(brand)s, act.id, %(tag)s, 'T', 'given', 1 FROM members_tagact act
        WHERE act.brand_id = %(brand)s""",
    "members_tagchangebatch": """
        INSERT INTO members_tagchangebatch (brand_id, change_id, bucket, at, people, member_ids)
        SELECT %(brand)s, change.id, %(member)s / 1024, act.at, 1, ARRAY[%(member)s]
        FROM members_tagchange change JOIN members_tagact act ON act.id = change.act_id
        WHERE change.brand_id = %(brand)s""",
}
IN_ORDER = [
    "members_order",
    "members_stagechange",
    "core_auditentry",
    "communities_membership",
    "communities_broadcast",
    "communities_delivery",
    "members_tagact",
    "members_tagchange",
    "members_tagchangebatch",
]
# What a kind is read from, and through which index.
READ = {
    "order": {"members_order": "members_order_by_member"},
    "stage": {"members_stagechange": "members_stagechange_by_member"},
    "tag": {"members_tagchangebatch": "members_tagchangebatch_time"},
    "audit": {"core_auditentry": "core_audit_of_subject_in_time"},
    "community": {"communities_membership": "communities_seat_"},
    "broadcast": {"communities_delivery": "communities_delivery_sent"},
}


@pytest.fixture(scope="module")
def busy(django_db_setup, django_db_blocker):
    """A member to whom more happened than to anybody; made once, taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield filled(BrandFactory())
        transaction.set_rollback(True)


def filled(brand):
    member, room = MemberFactory(brand=brand), RoomFactory(brand=brand)
    for _n in range(20):  # Others, so that the table is no single member's.
        MembershipFactory(brand=brand, room=room)
    MembershipFactory(brand=brand, room=room, member=member, joined_at=NOON - timedelta(days=20))
    values = {
        "brand": brand.pk,
        "member": member.pk,
        "room": room.pk,
        "community": room.community_id,
        "tag": TagFactory(brand=brand).pk,
        "noon": NOON,
        "long_ago": NOON - timedelta(days=30),
        "many": MANY,
    }
    BroadcastFactory(brand=brand, state="sent", scheduled_at=NOON)
    with tenant(brand.pk), connection.cursor() as cursor:
        for table in IN_ORDER:
            cursor.execute(FILL[table], values)
        cursor.execute(f"ANALYZE {', '.join(IN_ORDER)}, communities_room, members_member")
    return member


def scans(plan):
    """Every node that reads a table: relation, index, and how many rows it touched in all."""
    if "Relation Name" in plan:
        touched = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        touched += plan.get("Rows Removed by Index Recheck", 0)
        yield plan["Relation Name"], plan.get("Index Name", ""), touched * plan["Actual Loops"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


def explained(statements):
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace("%", "%%"), [])
            (found,) = cursor.fetchone()
        yield (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


@pytest.mark.parametrize("place", ["newest", "far back"])
@pytest.mark.parametrize("kind", READ)
def test_a_source_reads_a_page_through_an_index(kind, place, busy):
    back = Position(NOON - timedelta(days=2), kind, 2**40).seen_by(kind)
    before = Before() if place == "newest" else back
    viewer = system_viewer(busy.brand_id)
    source = ports.sources_for(viewer)[kind]
    with tenant(busy.brand_id):
        with CaptureQueriesContext(connection) as asked:
            found = source.load(member=busy, viewer=viewer, before=before, limit=PAGE)
        assert len(found) == PAGE
        used = [one for plan in explained(q["sql"] for q in asked) for one in scans(plan)]
    for relation, index in READ[kind].items():
        mine = [(name, touched) for table, name, touched in used if table == relation]
        assert mine
        for name, touched in mine:
            assert name.startswith(index), used
            assert touched <= 2 * PAGE, used
