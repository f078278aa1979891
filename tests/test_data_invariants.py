"""Every data invariant holds after real work, and its check finds the row that breaks it.

The scene is made by the services once. Each breach is SQL that the tables' owner runs, having
first taken away the constraint that would refuse it, in a transaction that is rolled back.
"""

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from core.kernel import invariants
from tests.scene import committed_scene

pytestmark = pytest.mark.django_db(databases=["owner"])

# name of the invariant → what breaks it
BREACHES = {
    # Seats
    "no room holds more people than its cap": """
        ALTER TABLE communities_room DROP CONSTRAINT communities_room_within_cap;
        UPDATE communities_room SET cap = member_count - 1 WHERE id = {room}
    """,
    "every room counts the seats that are taken in it": """
        UPDATE communities_room SET member_count = member_count - 1 WHERE id = {room}
    """,
    "nobody has two seats in one community": """
        DROP INDEX communities_membership_one_seat;
        UPDATE communities_membership SET member_id = {seated} WHERE room_id = {room}
    """,
    "every seat stands in a room of its own community": """
        ALTER TABLE communities_membership DROP CONSTRAINT communities_membership_seat_tie;
        UPDATE communities_membership SET community_id = {other_community}
        WHERE room_id = {room} AND member_id = {seated}
    """,
    "the rooms of a community are numbered without gaps": """
        UPDATE communities_room SET number = number + 7 WHERE id = {room}
    """,
    "nobody sits in an archived community": """
        UPDATE communities_community SET state = 'archived' WHERE id = {community}
    """,
    # Conversations
    "a room's messages are numbered from one to its last without a gap": """
        UPDATE communities_roommessage SET seq = seq + 5 WHERE room_id = {spoken}
    """,
    "nobody has read beyond a room's last message": """
        UPDATE communities_membership SET read_seq = 99 WHERE room_id = {room}
    """,
    # Build runs
    "every applied run reports as many people as it gave seats": """
        UPDATE communities_membership SET build_run_id = NULL WHERE room_id = {built}
    """,
    "the groups of an applied run add up to its report": """
        UPDATE communities_buildgroup SET placed_count = placed_count + 1
        WHERE placed_count IS NOT NULL
    """,
    # Broadcasts
    "no broadcast has two deliveries to one room": """
        ALTER TABLE communities_delivery DROP CONSTRAINT communities_delivery_one_per_room;
        UPDATE communities_delivery SET room_id = {spoken}
    """,
    "every delivery sent in the app is the message it names": """
        UPDATE communities_delivery SET message_seq = 77 WHERE room_id = {spoken}
    """,
    "every broadcast message in a room is a delivery sent, or about to be settled": """
        UPDATE communities_delivery SET state = 'cancelled' WHERE room_id = {spoken}
    """,
    "no finished broadcast has deliveries on their way": """
        UPDATE communities_delivery SET state = 'due' WHERE room_id = {spoken}
    """,
    "no delivery has been unknown for more than a quarter of an hour": """
        UPDATE communities_delivery
        SET state = 'unknown', settled_at = now() - interval '1 hour' WHERE room_id = {spoken}
    """,
    # Events
    "no event takes more people than it has places": """
        ALTER TABLE events_event DROP CONSTRAINT events_event_within_capacity;
        UPDATE events_event SET capacity = taken - 1 WHERE id = {event}
    """,
    "every event counts the places that are taken, guests among them": """
        UPDATE events_event SET taken = taken - 1 WHERE id = {event}
    """,
    "nobody is registered twice for one event": """
        ALTER TABLE events_registration DROP CONSTRAINT events_registration_one_each;
        UPDATE events_registration SET member_id = {registered} WHERE event_id = {event}
    """,
    "whoever came has a moment of coming, and whoever called off one of that": """
        ALTER TABLE events_registration DROP CONSTRAINT events_registration_told_by_times;
        UPDATE events_registration SET checked_in_at = now()
        WHERE event_id = {event} AND member_id = {registered}
    """,
    "nobody came to an event that was never published": """
        UPDATE events_event SET state = 'draft' WHERE id = {event}
    """,
    # Members and tags
    "members: nobody has two tags of a group that allows one": """
        INSERT INTO members_membertag (brand_id, tag_id, member_id, source, tagged_at)
        SELECT {brand}, id, {tagged}, 'import', now() FROM members_tag
        WHERE group_id = (SELECT group_id FROM members_tag WHERE id = {tag})
        ON CONFLICT DO NOTHING;
        INSERT INTO members_tag (brand_id, group_id, name, created_at)
        SELECT {brand}, group_id, 'Second', now() FROM members_tag WHERE id = {tag};
        INSERT INTO members_membertag (brand_id, tag_id, member_id, source, tagged_at)
        SELECT {brand}, id, {tagged}, 'import', now() FROM members_tag WHERE name = 'Second'
    """,
    "members: no rule gave a tag that somebody took off by hand": """
        UPDATE members_membertag SET source = 'rule' WHERE tag_id = {tag};
        INSERT INTO members_tagblock (brand_id, tag_id, member_id, created_at)
        VALUES ({brand}, {tag}, {tagged}, now())
    """,
    "members: a tag from a rule belongs to a tag that has a rule": """
        DELETE FROM members_tagrule WHERE tag_id = {tag};
        UPDATE members_membertag SET source = 'rule' WHERE tag_id = {tag}
    """,
    "members: a tag's count is how many have it": """
        UPDATE members_tag SET member_count = 77 WHERE id = {tag}
    """,
    "members: what an act did with a tag is the sum of its batches": """
        UPDATE members_tagchange SET people = people + 1 WHERE tag_id = {tag}
    """,
    "members: no tag stays five minutes past its end": """
        UPDATE members_membertag SET expires_at = now() - interval '1 hour' WHERE tag_id = {tag}
    """,
    "members: a phone has its cipher, hash, mask and tail, or none of them": """
        ALTER TABLE members_member DROP CONSTRAINT members_member_phone_whole;
        UPDATE members_member SET phone_cipher = NULL WHERE phone_hash IS NOT NULL
    """,
    "members: whoever is in a stage with a start did not start in the future": """
        UPDATE members_member SET stage_since = current_date + 2 WHERE id = {tagged}
    """,
    # Cars, merges and pairs
    "members: no car has two owners on one day": """
        ALTER TABLE members_ownership DROP CONSTRAINT members_ownership_no_overlap;
        INSERT INTO members_ownership (brand_id, vehicle_id, member_id, delivered_on, ended_on)
        SELECT brand_id, vehicle_id, member_id, delivered_on, delivered_on + 1
        FROM members_ownership WHERE ended_on IS NULL LIMIT 1
    """,
    "members: no odometer went back without a reason": """
        UPDATE members_mileagereading SET km = km + 100000
        WHERE id = (SELECT min(id) FROM members_mileagereading)
    """,
    "members: a car's mileage is what its newest reading says": """
        UPDATE members_vehicle SET mileage_km = 7
        WHERE id = (SELECT max(vehicle_id) FROM members_mileagereading)
    """,
    "members: nobody is merged into another and a member as well": """
        UPDATE members_mergedmember SET id = {tagged}
    """,
    "members: every merge that stands has a merged member, and the other way round": """
        UPDATE members_membermerge SET undone_at = now()
    """,
    "members: every pair to judge is two members": """
        ALTER TABLE members_duplicatepair DROP CONSTRAINT members_duplicate_older_first;
        UPDATE members_duplicatepair SET second_id = first_id
    """,
    # Deletions
    "members: nobody who was deleted is among the members": """
        INSERT INTO members_erasure (brand_id, member_id, mark, state, reason, note,
            requested_by_label, requested_at, due_at, rows_gone_at)
        VALUES ({brand}, {tagged}, ''::bytea, 'running', 'asked', '', '', now(), now(),
            now() + interval '1 day')
    """,
    "members: a deletion is done within a day of its time": """
        UPDATE members_erasure SET due_at = now() - interval '25 hours' WHERE state = 'waiting'
    """,
    # Snapshots
    "members: every snapshot that was taken counts the people in its batches": """
        UPDATE members_snapshot SET member_count = member_count + 1 WHERE id = {snapshot}
    """,
    "members: a batch of a snapshot holds ids of its own stretch, each once, in order": """
        UPDATE members_snapshotbatch SET member_ids = member_ids || member_ids[1]
        WHERE snapshot_id = {snapshot}
    """,
    "members: who joined and left a segment explains its count from snapshot to snapshot": """
        UPDATE members_snapshot SET plus_count = plus_count + 1 WHERE id = {snapshot}
    """,
    # Live segments
    "members: every live segment counts the members it keeps": """
        UPDATE members_livesegment SET member_count = member_count + 1
    """,
    "members: only live segments keep members": """
        INSERT INTO members_livemember (brand_id, segment_id, member_id)
        VALUES ({brand}, 999999999, {tagged})
    """,
    # Lifecycle
    "lifecycle: everybody is in the stage, and since the day, that their newest change says": """
        INSERT INTO members_stagechange (brand_id, member_id, from_stage, to_stage, reason, note,
            policy_version, at, author_label)
        SELECT {brand}, id, 'growth', CASE stage WHEN 'lost' THEN 'mature' ELSE 'lost' END,
            'lost', '', 0, now(), '' FROM members_member WHERE id = {tagged}
    """,
    "lifecycle: every change starts in the stage in which the one before it ended": """
        INSERT INTO members_stagechange (brand_id, member_id, from_stage, to_stage, reason, note,
            policy_version, at, author_label)
        SELECT {brand}, id, 'growth', 'mature', 'matured', '', 0, now() + n * interval '1 s', ''
        FROM members_member, generate_series(1, 2) AS n WHERE id = {tagged}
    """,
    "lifecycle: every change names rules that the brand had": """
        INSERT INTO members_stagechange (brand_id, member_id, from_stage, to_stage, reason, note,
            policy_version, at, author_label)
        VALUES ({brand}, {tagged}, 'growth', 'mature', 'matured', '', 7, now(), '')
    """,
    # Custom fields
    "custom fields: every value stands in the column of its field's kind": """
        UPDATE members_customvalue SET text = 'x', number = NULL WHERE number IS NOT NULL
    """,
    "custom fields: every choice of a member is one of the field's own": """
        UPDATE members_customvalue AS v SET choice_id = (
            SELECT min(c.id) FROM members_customchoice AS c
            WHERE c.brand_id = v.brand_id AND c.field_id <> v.field_id
        ) WHERE v.choice_id IS NOT NULL AND v.slot = 0
    """,
    # Points
    "points: every balance is the sum of its entries": """
        ALTER TABLE events_pointsbalance DISABLE TRIGGER USER;
        UPDATE events_pointsbalance SET balance = balance + 1 WHERE member_id = {rewarded}
    """,
    "points: nobody has less than nothing": """
        ALTER TABLE events_pointsbalance DISABLE TRIGGER USER;
        ALTER TABLE events_pointsbalance DROP CONSTRAINT events_pointsbalance_not_negative;
        UPDATE events_pointsbalance SET balance = -1 WHERE member_id = {rewarded}
    """,
    "points: nothing takes back more than there was": """
        INSERT INTO events_pointsentry (brand_id, member_id, ledger, kind, side, amount, state,
            settled_at, source, source_id, reason, occurred_at, reverses_id, created_at,
            created_by_label)
        SELECT brand_id, member_id, ledger, 'reverse', 'earned', amount, 'confirmed', now(),
            'breach', '1', '', now(), id, now(), '' FROM events_pointsentry
        WHERE member_id = {rewarded} AND kind = 'earn' ORDER BY id LIMIT 1
    """,
    "points: contribution is never spent": """
        ALTER TABLE events_pointsentry DROP CONSTRAINT events_points_contribution_is_kept;
        ALTER TABLE events_pointsentry DISABLE TRIGGER USER;
        UPDATE events_pointsentry SET ledger = 'contribution' WHERE kind = 'spend'
    """,
    "points: nothing stays a day past its end": """
        ALTER TABLE events_pointsentry DISABLE TRIGGER USER;
        UPDATE events_pointsentry SET expires_at = now() - interval '2 days',
            occurred_at = now() - interval '3 days', created_at = now() - interval '3 days'
        WHERE member_id = {rewarded} AND kind = 'earn' AND ledger = 'points'
    """,
    # Exports
    "exports: nobody approved what they asked for themselves": """
        ALTER TABLE core_exportrequest DROP CONSTRAINT core_exportrequest_two_people;
        UPDATE core_exportrequest SET decided_by_id = requested_by_id
    """,
    "exports: no file holds more rows about people than was allowed": """
        UPDATE core_exportrequest SET rows_ceiling = 0 WHERE state = 'alone'
    """,
    "exports: what somebody takes alone stays below the limit, file by file": """
        UPDATE core_exportrequest SET rows = 5001 WHERE state = 'alone'
    """,
    "exports: an export waits if and only if somebody is asked": """
        UPDATE core_exportrequest SET state = 'withdrawn' WHERE state = 'waiting'
    """,
    # Imports
    "imports: every row of a file is created, updated, unchanged or rejected": """
        ALTER TABLE members_importjob DROP CONSTRAINT members_importjob_conserves_rows;
        UPDATE members_importjob SET created_count = created_count + 1 WHERE id = {job}
    """,
    "imports: every rejected row has its reason on file": """
        DELETE FROM members_importrejection WHERE job_id = {job}
    """,
    "imports: a finished file has a run that succeeded, and the other way round": """
        UPDATE members_importjob SET finished_at = NULL WHERE id = {job}
    """,
}


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker, tmp_path_factory):
    with committed_scene(django_db_blocker, tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture
def owner(scene, db):
    """The owner's connection, inside the brand."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.brand_id', %s, true)", [str(scene.brand.pk)])
        yield cursor


@pytest.fixture
def rows(scene, owner):
    """The rows that breaches are about."""

    def one(sql):
        owner.execute(sql)
        return owner.fetchone()[0]

    room = one(
        "SELECT room.id FROM communities_room AS room"
        " JOIN communities_community AS home ON home.id = room.community_id"
        " WHERE room.member_count > 1 AND home.state <> 'archived'"
        " ORDER BY room.member_count DESC LIMIT 1"
    )
    community = one(f"SELECT community_id FROM communities_room WHERE id = {room}")
    event = one(  # To which several come, whatever the hour of the scene.
        "SELECT event_id FROM events_registration WHERE state = 'registered'"
        " GROUP BY event_id ORDER BY count(*) DESC, event_id LIMIT 1"
    )
    tag = scene.rows["tag_id"]
    event = one(
        "SELECT event_id FROM events_registration WHERE state = 'registered'"
        " GROUP BY event_id ORDER BY count(*) DESC LIMIT 1"
    )
    return {
        "brand": scene.brand.pk,
        "room": room,
        "community": community,
        "other_community": one(
            f"SELECT max(id) FROM communities_community WHERE id <> {community}"
        ),
        "seated": one(f"SELECT min(member_id) FROM communities_membership WHERE room_id = {room}"),
        "built": one(
            "SELECT room_id FROM communities_membership WHERE build_run_id IS NOT NULL LIMIT 1"
        ),
        "spoken": one("SELECT room_id FROM communities_delivery WHERE state = 'sent' LIMIT 1"),
        "tag": tag,
        "tagged": one(f"SELECT min(member_id) FROM members_membertag WHERE tag_id = {tag}"),
        "rewarded": one(
            "SELECT min(member_id) FROM events_pointsentry WHERE kind = 'earn'"
            " AND ledger = 'points' AND state = 'confirmed'"
        ),
        "event": event,
        "registered": one(
            "SELECT min(member_id) FROM events_registration"
            f" WHERE event_id = {event} AND state = 'registered'"
        ),
        "snapshot": scene.rows["snapshot_id"],
        "job": scene.rows["job_id"],
    }


def named(capsys):
    """Return which invariants the command called broken, and how it ended."""
    try:
        call_command("check_invariants")
        ended = 0
    except CommandError as refusal:
        ended = refusal.returncode
    lines = capsys.readouterr().out.splitlines()
    return {line for line in lines if line.startswith("BROKEN")}, ended


def test_every_invariant_has_a_breach_here():
    assert set(BREACHES) == set(invariants._invariants)


def test_all_hold_after_real_work(owner, capsys):
    assert named(capsys) == (set(), 0)


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_named_and_ends_with_an_error(name, owner, rows, capsys):
    owner.execute(BREACHES[name].format(**rows))
    broken, ended = named(capsys)
    assert any(f"  {name}  " in line for line in broken), broken
    assert ended == 1
