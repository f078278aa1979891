"""What a run leaves: counts that are right, rooms without gaps, and others untouched."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from communities.chat.models import RoomMessage
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.kernel import crypto
from core.kernel.scoping import tenant
from core.runs.models import Run
from members.erasure import ports
from members.erasure.models import Erasure
from members.profiles.models import Member
from members.snapshots import services as snapshots
from members.snapshots.models import Snapshot, SnapshotBatch
from members.tags import services as tags
from members.tags.models import Tag, TagChange, TagChangeBatch
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.communities import MembershipFactory, RoomFactory, RoomMessageFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
NAME = "欧阳若兰"


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name=NAME, phone="+8613812345678")


@pytest.fixture
def other(brand):
    return MemberFactory(brand=brand, display_name="司马相如")


def test_tags_lose_the_member_and_keep_the_others(brand, actor, member, other, erase):
    tag = TagFactory(brand=brand)
    alone = TagFactory(brand=brand)
    with tenant(brand.pk):
        now = timezone.now()
        tags.tag_members(tag=tag, member_ids=[member.pk, other.pk], actor=actor, now=now)
        tags.tag_members(tag=alone, member_ids=[member.pk], actor=actor, now=now)
        tags.untag_members(tag=tag, member_ids=[member.pk, other.pk], actor=actor, now=now)
    erase(member)
    with tenant(brand.pk):
        assert dict(Tag.objects.values_list("pk", "member_count")) == {tag.pk: 0, alone.pk: 0}
        batches = TagChangeBatch.objects.order_by("pk")
        assert [(b.member_ids, b.people) for b in batches] == [([other.pk], 1)] * 2
        assert [b.sources for b in batches] == [None, ["manual"]]
        assert set(TagChange.objects.values_list("tag_id", "people")) == {(tag.pk, 1)}


def test_tags_are_held_before_members_as_every_act_on_tags_does(brand, actor, member, erase):
    with tenant(brand.pk):
        now = timezone.now()
        tags.tag_members(tag=TagFactory(brand=brand), member_ids=[member.pk], actor=actor, now=now)
    with CaptureQueriesContext(connection) as seen:
        erase(member)
    asked = [one["sql"] for one in seen.captured_queries if '"members_erasure"' not in one["sql"]]
    locks = [sql for sql in asked if "FOR UPDATE" in sql or "FOR NO KEY UPDATE" in sql]
    of_tags = next(n for n, sql in enumerate(locks) if "FROM members_tag held" in sql)
    of_members = [
        n for n, sql in enumerate(locks) if '"members_member"' in sql and "NO KEY" not in sql
    ]
    assert of_tags < of_members[0]


def test_snapshots_stay_explained(brand, actor, member, other, erase):
    segment = SegmentFactory(
        brand=brand,
        tree={"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]},
    )
    with tenant(brand.pk):
        for stages in (("prospect", "growth"), ("growth", "growth"), ("prospect", "growth")):
            for person, stage in zip((member, other), stages, strict=True):
                Member.objects.filter(pk=person.pk).update(stage=stage)
            asked = snapshots.take_snapshot(segment=segment, actor=actor, now=timezone.now())
            snapshots.freeze(snapshot=asked, actor=actor, now=timezone.now())
    erase(member)
    with tenant(brand.pk):
        rows = Snapshot.objects.order_by("pk")
        told = list(rows.values_list("member_count", "plus_count", "minus_count"))
        assert told == [(1, None, None), (1, 0, 0), (1, 0, 0)]
        batches = SnapshotBatch.objects.all()
        assert {tuple(ids) for ids in batches.values_list("member_ids", flat=True)} == {(other.pk,)}


def test_seats_are_freed_and_messages_say_nothing(brand, member, other, erase):
    room = RoomFactory(brand=brand, last_seq=3)
    for person in (member, other):
        MembershipFactory(brand=brand, room=room, member=person)
    texts = [f"欢迎{NAME}！", "大家好", f"{NAME}：我的电话 138 1234 5678"]
    for seq, body in enumerate(texts, 1):
        RoomMessageFactory(
            brand=brand,
            room=room,
            seq=seq,
            body=body,
            sender="member" if seq == 2 else "staff",
            sender_id=member.pk if seq == 2 else 1,
            sender_label=NAME if seq == 2 else "店长",
        )
    erase(member)
    with tenant(brand.pk):
        assert Room.objects.get().member_count == 1
        assert Membership.objects.get().member_id == other.pk
        said = RoomMessage.objects.order_by("seq")
        assert list(said.values_list("seq", "body", "sender_label")) == [
            (1, "欢迎…！", "店长"),
            (2, "…", "…"),
            (3, "…：我的电话 …", "店长"),
        ]


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_car_goes_unless_it_was_somebody_elses_too(brand, member, other, erase, is_shared):
    today = timezone.now().date()
    with tenant(brand.pk):
        model = VehicleModel.objects.create(brand=brand, code="E7", name="E7")
        car = Vehicle.objects.create(
            brand=brand,
            vin_cipher=crypto.encrypt("V" * 17),
            vin_hash=b"1" * 16,
            vin_tail="VVVVVV",
            model=model,
            created_at=timezone.now(),
        )
        Ownership.objects.create(brand=brand, vehicle=car, member=member, delivered_on=today)
        if is_shared:
            Ownership.objects.create(
                brand=brand, vehicle=car, member=other, delivered_on=today, ended_on=today
            )
    erase(member)
    with tenant(brand.pk):
        assert Vehicle.objects.exists() == is_shared
        assert Ownership.objects.filter(member=other).exists() == is_shared


def test_several_go_in_one_run(brand, actor, ask, work):
    people = [MemberFactory(brand=brand, display_name=f"诸葛某{n}") for n in range(25)]
    for person in people:
        ask(person)
    work()
    with tenant(brand.pk):
        assert not Member.objects.exists()
        assert set(Erasure.objects.values_list("state", flat=True)) == {"done"}


def test_a_killed_worker_repeats_nothing_and_skips_nothing(brand, member, ask, work, monkeypatch):
    """The rows are gone already; the search dies in the middle and goes on."""
    made, calls = ask(member), []
    search = ports._searches["core_run"]

    def dies_once(searching):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError
        return search.step(searching)

    monkeypatch.setitem(
        ports._searches, "core_run", ports.Search(model=search.model, step=dies_once)
    )
    work()
    with tenant(brand.pk):
        assert not Member.objects.exists()
        assert Erasure.objects.get(pk=made.pk).traces is not None
        Run.objects.filter(pk=made.run_id).update(claimable_at=timezone.now())
    work()
    with tenant(brand.pk):
        assert Erasure.objects.get(pk=made.pk).state == "done"
    assert len(calls) == 3  # the one that died, and one that came to the end of the tasks


def test_kin_go_along(brand, member, other, erase, monkeypatch):
    taken_in = {other.pk: timezone.now()}
    monkeypatch.setattr(ports, "_kin", [lambda _brand, ids: taken_in if member.pk in ids else {}])
    erase(member)
    with tenant(brand.pk):
        assert not Member.objects.exists()


def test_rows_are_found_by_index(brand, member, ask, work):
    """No statement of the first stage reads a table of members' from end to end."""
    ask(member)
    with CaptureQueriesContext(connection) as captured:
        work()
    own = [q["sql"] for q in captured.captured_queries if q["sql"].lstrip()[:6] in STATEMENTS]
    plans = []
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in own:
            if "members_" in sql or "communities_" in sql:
                cursor.execute(f"EXPLAIN {sql}")
                plans.append((sql, "\n".join(line for (line,) in cursor.fetchall())))
    whole = [table for _sql, plan in plans for table in BIG if f"Seq Scan on {table}" in plan]
    assert len(plans) > 15
    assert whole == []


STATEMENTS = {"DELETE", "UPDATE", "SELECT", "WITH h", "WITH g", "WITH s"}
BIG = (
    *("members_member", "members_order", "members_ownership", "members_vehicle"),
    *("members_membertag", "members_tagblock", "members_tagchangebatch", "members_identity"),
    *("members_consent", "members_stagechange", "members_livemember", "members_snapshotbatch"),
    *("communities_membership", "communities_roommessage", "communities_candidatebatch"),
)


def test_every_reference_to_who_goes_has_an_index():
    """PostgreSQL looks for each before a row may go, past any plan that we could see."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT child.relname, col.attname FROM pg_constraint AS tie
            JOIN pg_class AS child ON child.oid = tie.conrelid
            JOIN pg_attribute AS col ON col.attrelid = child.oid AND col.attnum = tie.conkey[2]
            WHERE tie.contype = 'f'
                AND tie.confrelid IN ('members_member'::regclass, 'members_vehicle'::regclass)
                AND NOT EXISTS (
                    SELECT FROM pg_index AS found WHERE found.indrelid = child.oid
                        AND found.indpred IS NULL
                        AND found.indkey[0] = tie.conkey[1] AND found.indkey[1] = tie.conkey[2]
                )
            """
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize("part", ["timeline", "consents", "tags", "orders", "reveal", "edit"])
def test_pages_of_somebody_gone_answer_nothing(signed_in, member, erase, part):
    erase(member)
    assert signed_in.get(f"/members/{member.pk}/{part}/").status_code == 404
