"""Merging and undoing it leaves every row of the brand as it was, whatever the two held."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils.timezone import localdate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.custom_fields.invariants import INVARIANTS as CUSTOM
from members.custom_fields.models import CustomChoice, CustomField, CustomValue
from members.lifecycle.invariants import INVARIANTS as LIFECYCLE
from members.merging import services
from members.merging.invariants import INVARIANTS as MERGES
from members.tags import counting
from members.tags.invariants import INVARIANTS as TAGS
from members.tags.models import TagBlock, TagRule
from members.vehicles.invariants import INVARIANTS as VEHICLES
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.members import (
    ConsentFactory,
    IdentityFactory,
    MemberFactory,
    MemberTagFactory,
    OrderFactory,
    OwnershipFactory,
    StageChangeFactory,
    TagFactory,
    TagGroupFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=5)
# What tells of the merge itself goes on: the trail, the history of tags, and the merge.
TELLING = {"core_auditentry", "core_auditlink", "members_membermerge"}
TELLING |= {"members_tagact", "members_tagchange", "members_tagchangebatch"}
BOOKKEEPING = ("version", "updated_at")

sources = st.sampled_from(["manual", "rule", "import"])
answers = st.sampled_from([None, "given", "withdrawn"])
roles = st.sampled_from([None, "member", "admin", "owner"])
person = st.fixed_dictionaries(
    {
        "phone": st.booleans(),
        "customer_no": st.booleans(),
        "stage": st.sampled_from(["prospect", "growth", "lost"]),
        "came_from": st.sampled_from([None, "introduction", "mature"]),
        "gender": st.sampled_from(["", "f", "m"]),
        "hobby": st.sampled_from([None, "钓鱼", "露营"]),
        "uses": st.sets(st.integers(0, 1)),
        "orders": st.integers(0, 3),
        "cars": st.integers(0, 2),
        "identities": st.integers(0, 2),
        "tags": st.dictionaries(st.integers(0, 4), sources, max_size=5),
        "blocks": st.sets(st.integers(0, 4), max_size=3),
        "community": answers,
        "marketing": answers,
        "seats": st.dictionaries(st.integers(0, 2), roles, max_size=3),
    }
)
takes = st.sets(st.sampled_from(["display_name", "phone", "customer_no", "stage", "gender"]))


def all_rows():
    """Every row of every table behind a policy, as JSON."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')"
        )
        tables = sorted({name for (name,) in cursor.fetchall()} - TELLING)
        found = {}
        for table in tables:
            left_out = "".join(f" - '{name}'" for name in BOOKKEEPING)
            out = left_out if table == "members_member" else ""
            cursor.execute(f'SELECT (to_jsonb(t){out})::text FROM "{table}" AS t ORDER BY 1')
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def broken(brand):
    """The data invariants of members that do not hold."""
    found = []
    with connection.cursor() as cursor:
        for each in (*TAGS, *CUSTOM, *LIFECYCLE, *MERGES, *VEHICLES):
            cursor.execute(each.sql, {"brand_id": brand.pk})
            found += [each.name] if cursor.fetchall() else []
    return found


def declare(brand):
    """A field of the brand for a text, and one with two choices of which one may have several."""
    of = {"brand": brand, "created_at": SINCE}
    text = CustomField.objects.create(key="hobby", label="爱好", kind="text", **of)
    several = CustomField.objects.create(key="uses", label="用途", kind="choices", **of)
    choices = [
        CustomChoice.objects.create(brand=brand, field=several, label=label)
        for label in ("家用", "通勤")
    ]
    return text, choices


def answer(member, drawn, text, choices):
    of = {"brand_id": member.brand_id, "member": member}
    if drawn["hobby"]:
        CustomValue.objects.create(field=text, text=drawn["hobby"], **of)
    for chosen in (choices[index] for index in drawn["uses"]):
        CustomValue.objects.create(field_id=chosen.field_id, slot=chosen.pk, choice=chosen, **of)


def furnish(brand, number, drawn, tags, rooms):
    member = MemberFactory(
        brand=brand,
        phone=f"+861381111000{number}" if drawn["phone"] else None,
        customer_no=f"C-{number}" if drawn["customer_no"] else None,
        stage=drawn["stage"],
        stage_since=localdate(SINCE),
        gender=drawn["gender"],
        last_active_at=NOW - timedelta(hours=number, microseconds=number),
    )
    if drawn["came_from"]:
        StageChangeFactory(
            brand=brand,
            member=member,
            from_stage=drawn["came_from"],
            to_stage=drawn["stage"],
            at=SINCE,
        )
    OrderFactory.create_batch(drawn["orders"], brand=brand, member=member)
    OwnershipFactory.create_batch(drawn["cars"], brand=brand, member=member)
    IdentityFactory.create_batch(drawn["identities"], brand=brand, member=member)
    exclusive = set()
    for index, source in drawn["tags"].items():
        # The first two tags are of a group that allows one.
        if index in drawn["blocks"] or (index < 2 and exclusive):
            continue
        exclusive |= {index} if index < 2 else set()
        MemberTagFactory(brand=brand, tag=tags[index], member=member, source=source)
    for index in drawn["blocks"]:
        TagBlock.objects.create(brand=brand, tag=tags[index], member=member, created_at=NOW)
    for purpose in ("community", "marketing"):
        if drawn[purpose]:
            withdrawn = SINCE + timedelta(days=1) if drawn[purpose] == "withdrawn" else None
            told = {"purpose": purpose, "given_at": SINCE, "withdrawn_at": withdrawn}
            ConsentFactory(brand=brand, member=member, **told)
    for index, role in drawn["seats"].items():
        left = None if role else NOW
        MembershipFactory(
            brand=brand, room=rooms[index], member=member, role=role or "member", left_at=left
        )
    return member


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(mine=person, theirs=person, take=takes)
def test_merge_then_undo_changes_no_row(brand, actor, mine, theirs, take):
    with transaction.atomic():
        group = TagGroupFactory(brand=brand, is_exclusive=True)
        tags = TagFactory.create_batch(2, brand=brand, group=group)
        tags += TagFactory.create_batch(3, brand=brand)
        for tag in tags:
            TagRule.objects.create(brand=brand, tag=tag, tree={"op": "all", "items": []})
        community = CommunityFactory(brand=brand)
        rooms = [RoomFactory(brand=brand, community=community, number=1)]
        rooms += RoomFactory.create_batch(2, brand=brand)
        winner = furnish(brand, 1, mine, tags, rooms)
        loser = furnish(brand, 2, theirs, tags, rooms)
        asked = declare(brand)
        answer(winner, mine, *asked)
        answer(loser, theirs, *asked)
        counting.count_tags(brand_id=brand.pk, now=NOW)
        before = all_rows()
        merge = services.merge_members(
            winner_id=winner.pk, loser_id=loser.pk, take=take, actor=actor, now=NOW
        )
        assert all_rows() != before
        uses = {asked[1][index].pk for index in mine["uses"] | theirs["uses"]}
        values = CustomValue.objects.filter(member=winner)
        assert set(values.filter(slot__gt=0).values_list("slot", flat=True)) == uses
        hobby = values.filter(slot=0).values_list("text", flat=True).first()
        assert hobby == (mine["hobby"] or theirs["hobby"])
        assert broken(brand) == []
        services.undo_merge(merge=merge, actor=actor, now=NOW)
        assert all_rows() == before
        assert broken(brand) == []
        transaction.set_rollback(True)
