"""Behind row-level security, as the application's role: no source reads more than its page."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.privacy.models import Consent
from members.timeline import ports
from members.timeline.rules import Before, Position
from members.vehicles.models import VehicleModel
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
    "events_event": """
        INSERT INTO events_event (brand_id, kind, name, state, is_online, starts_at, ends_at, venue,
            guests_each, external_no, created_at, version)
        SELECT %(brand)s, 'salon', 'E', 'done', false,
            %(noon)s::timestamptz - n * interval '1 minute' - interval '1 hour',
            %(noon)s::timestamptz - n * interval '1 minute', '', 0, '', now(), 1
        FROM generate_series(1, 3000) n""",
    "events_registration": """
        INSERT INTO events_registration (brand_id, event_id, member_id, state, guests, source,
            registered_at, checked_in_at, cancelled_at)
        SELECT %(brand)s, event.id, %(member)s, said.state, 0, 'api', event.starts_at,
            CASE WHEN said.state = 'checked_in' THEN event.ends_at END,
            CASE WHEN said.state = 'cancelled' THEN event.ends_at END
        FROM events_event event, LATERAL (
            SELECT CASE event.id %% 2 WHEN 0 THEN 'checked_in' ELSE 'cancelled' END AS state
        ) said WHERE event.brand_id = %(brand)s""",
    "events_pointsentry": """
        INSERT INTO events_pointsentry (brand_id, member_id, ledger, kind, side, amount, state,
            settled_at, source, source_id, reason, occurred_at, created_at, created_by_label)
        SELECT %(brand)s, %(member)s, 'points', 'earn', 'earned', 1, 'confirmed', %(noon)s, 'shop',
            'P' || n, '', %(noon)s::timestamptz - n * interval '1 minute', %(noon)s, 'P'
        FROM generate_series(1, %(many)s) n""",
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
# Others, so that a member's few rows are few among many.
CROWD = """
WITH crowd AS (
    INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender, stage,
        source, created_at, updated_at, version)
    SELECT %(brand)s, 'M' || n, '', '', '', 'growth', 'app', %(noon)s, %(noon)s, 1
    FROM generate_series(1, 3000) n RETURNING id
), consents AS (
    INSERT INTO members_consent (brand_id, member_id, purpose, version, given_at, evidence)
    SELECT %(brand)s, id, 'marketing', 'v1', %(noon)s, '' FROM crowd
), identities AS (
    INSERT INTO members_identity (brand_id, member_id, kind, value, created_at)
    SELECT %(brand)s, id, 'unionid', id::text, %(noon)s FROM crowd
), cars AS (
    INSERT INTO members_vehicle (brand_id, vin_cipher, vin_hash, vin_tail, model_id, is_domestic,
        created_at)
    SELECT %(brand)s, 'x', id::text::bytea, 'ABC123', %(model)s, true, %(noon)s FROM crowd
    RETURNING id
), visits AS (
    INSERT INTO members_servicevisit (brand_id, vehicle_id, visited_on, kind, amount_fen,
        created_at)
    SELECT %(brand)s, id, %(noon)s::date, 'repair', 0, %(noon)s FROM cars
), merges AS (
    INSERT INTO members_membermerge (brand_id, winner_id, loser_id, loser_name, reason, loser, told,
        before, after, moved, merged_at, merged_by_label, undone_by_label)
    SELECT %(brand)s, id, 0, '', '', '{}', '{}', '{}', '{}', '{}', %(noon)s, '', '' FROM crowd
), registered AS (
    INSERT INTO events_registration (brand_id, event_id, member_id, state, guests, source,
        registered_at)
    SELECT %(brand)s, event.id, crowd.id, 'registered', 0, 'api', %(noon)s
    FROM crowd, (SELECT min(id) AS id FROM events_event WHERE brand_id = %(brand)s) event
)
INSERT INTO members_ownership (brand_id, vehicle_id, member_id, delivered_on)
SELECT %(brand)s, car.id, who.id, %(noon)s::date
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM cars) car
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM crowd) who USING (n)
"""
CROWDED = ["members_consent", "members_identity", "members_vehicle", "members_ownership"]
CROWDED += ["members_servicevisit", "members_membermerge"]
FEW = {
    "consent": ("members_consent", "members_consent_one_per_purpose"),
    "identity": ("members_identity", "members_identity_by_member"),
    "vehicle": ("members_ownership", "members_ownership_by_member"),
    "visit": ("members_ownership", "members_ownership_by_member"),
    "merge": ("members_membermerge", "members_merge_of_winner"),
}
IN_ORDER = [
    "members_order",
    "members_stagechange",
    "core_auditentry",
    "communities_membership",
    "communities_broadcast",
    "communities_delivery",
    "events_event",
    "events_registration",
    "events_pointsentry",
    "members_tagact",
    "members_tagchange",
    "members_tagchangebatch",
]
# What a kind is read from, and through which index; of tags, a look beside for merged members.
READ = {
    "order": {"members_order": "members_order_by_member"},
    "stage": {"members_stagechange": "members_stagechange_by_member"},
    "tag": {"members_tagchangebatch": ("members_tagchangebatch_time", "members_tagchangebatch_of")},
    "audit": {"core_auditentry": "core_audit_of_subject_in_time"},
    "community": {"communities_membership": "communities_seat_"},
    "broadcast": {"communities_delivery": "communities_delivery_sent"},
    "event": {
        "events_registration": (
            *("events_registration_of_member", "events_checkin_of_member"),
            *("events_cancel_of_member", "events_open_of_member"),
        )
    },
    "points": {"events_pointsentry": "events_points_of_member"},
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
        model = VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
        cursor.execute(CROWD, values | {"model": model.pk})
        tables = [*IN_ORDER, *CROWDED, "communities_room", "members_member"]
        cursor.execute(f"ANALYZE {', '.join(tables)}")
        Consent.objects.create(
            brand=brand, member=member, purpose="marketing", version="v1", given_at=NOON
        )
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


def reading(kind, member, before):
    """Ask a source for a page; return what it told and every scan that this took."""
    viewer = system_viewer(member.brand_id)
    source = ports.sources_for(viewer)[kind]
    with tenant(member.brand_id):
        with CaptureQueriesContext(connection) as asked:
            found = source.load(member=member, viewer=viewer, before=before, limit=PAGE)
        plans = list(explained(query["sql"] for query in asked))
    return found, [scan for plan in plans for scan in scans(plan)]


@pytest.mark.parametrize("place", ["newest", "far back"])
@pytest.mark.parametrize("kind", READ)
def test_a_source_reads_a_page_through_an_index(kind, place, busy):
    back = Position(NOON - timedelta(days=2), kind, 2**40).seen_by(kind)
    found, used = reading(kind, busy, Before() if place == "newest" else back)
    assert len(found) == PAGE
    for relation, index in READ[kind].items():
        mine = [(name, touched) for table, name, touched in used if table == relation]
        assert mine
        for name, touched in mine:
            assert name.startswith(index), used
            assert touched <= 2 * PAGE, used


@pytest.mark.parametrize("kind", FEW)
def test_what_is_few_is_found_through_an_index(kind, busy):
    relation, index = FEW[kind]
    found, used = reading(kind, busy, Before())
    assert len(found) == (kind == "consent")
    ((_table, name, touched),) = [scan for scan in used if scan[0] == relation]
    assert name == index, used
    assert touched <= 1


def test_every_kind_is_asked_about_here():
    kinds = set(ports.sources_for(system_viewer(1)))
    assert kinds == {*READ, *FEW, "member"}  # the last is the member's own row
