"""Tags of many members in one call."""

import json

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.scoping import tenant
from members.tags import services
from members.tags.models import MemberTag, Tag, TagAct, TagBlock, TagChange, TagLimits, TagRule
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/member-tags/batch/"


@pytest.fixture
def send(client, api_key):
    def post(*rows):
        return client.post(
            URL,
            json.dumps({"rows": rows}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )

    return post


@pytest.fixture
def people(brand):
    return [MemberFactory(brand=brand, customer_no=f"C{n}") for n in range(4)]


@pytest.fixture
def tags(brand):
    group = TagGroupFactory(brand=brand, name="兴趣")
    return [TagFactory(brand=brand, group=group, name=n, member_count=0) for n in ("露营", "自驾")]


def ends(answer):
    assert answer.status_code == 200, answer.content
    return [
        row["outcome"]
        if not row["errors"]
        else (row["errors"][0]["pointer"], row["errors"][0]["code"])
        for row in answer.json()["results"]
    ]


def held(brand, member):
    with tenant(brand.pk):
        rows = MemberTag.objects.filter(member_id=member.pk)
        return sorted(rows.values_list("tag__name", flat=True))


def test_tags_are_given_and_taken_by_number_and_by_name(send, brand, people, tags):
    camping, driving = tags
    answer = send(
        {"member": people[0].pk, "give": [camping.pk, "兴趣/自驾"]},
        {"customer_no": "C1", "give": ["露营"], "take": [driving.pk]},
    )
    assert ends(answer) == ["updated", "updated"]
    assert held(brand, people[0]) == ["自驾", "露营"]
    again = send(
        {"customer_no": "C0", "give": [camping.pk], "take": ["自驾"]},
        {"member": people[1].pk, "give": [camping.pk]},
        {"member": people[2].pk},
    )
    assert ends(again) == ["updated", "unchanged", "unchanged"]
    assert held(brand, people[0]) == ["露营"]
    with tenant(brand.pk):
        counts = dict(Tag.objects.values_list("name", "member_count"))
        assert (counts["露营"], counts["自驾"]) == (2, 0)
        assert AuditEntry.objects.filter(action="tag.batch").count() == 2


def test_it_is_one_act_of_the_history_and_can_be_undone(send, brand, actor, people, tags):
    send(*({"member": one.pk, "give": [tag.pk for tag in tags]} for one in people))
    with tenant(brand.pk):
        act = TagAct.objects.get()
        assert act.source == "manual"
        told = TagChange.objects.filter(act=act).values_list("kind", "people")
        assert sorted(told) == [("given", 4), ("given", 4)]
        services.undo_act(act=act, actor=actor, now=timezone.now())
        assert not MemberTag.objects.exists()


def test_in_an_exclusive_group_a_tag_takes_the_place_of_the_others(send, brand, people):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    hot, cold = (TagFactory(brand=brand, group=group, name=n, member_count=0) for n in "热冷")
    assert ends(send({"member": people[0].pk, "give": [hot.pk]})) == ["updated"]
    both, one = {"give": [hot.pk, cold.pk]}, {"give": [cold.pk], "take": [hot.pk]}
    answer = send({"member": people[0].pk, "give": [cold.pk]}, {"member": people[1].pk} | both)
    assert ends(answer) == ["updated", ("/rows/1/give", "tags_exclusive")]
    assert held(brand, people[0]) == ["冷"]
    assert ends(send({"member": people[0].pk} | one)) == ["unchanged"]
    with tenant(brand.pk):
        kinds = TagChange.objects.values_list("kind", flat=True)
        assert sorted(kinds) == ["given", "given", "replaced"]


def test_what_a_rule_gives_is_kept_away_by_hand_and_given_back(send, brand, people, tags):
    with tenant(brand.pk):
        TagRule.objects.create(brand=brand, tag=tags[0], tree={"op": "all", "items": []})
    assert ends(send({"member": people[0].pk, "take": [tags[0].pk]})) == ["updated"]
    with tenant(brand.pk):
        assert TagBlock.objects.count() == 1
    assert ends(send({"member": people[0].pk, "give": [tags[0].pk]})) == ["updated"]
    with tenant(brand.pk):
        assert not TagBlock.objects.exists()


def test_nobody_gets_more_tags_than_allowed(send, brand, people, tags):
    with tenant(brand.pk):
        TagLimits.objects.create(brand=brand, per_member=1)
    answer = send(
        {"member": people[0].pk, "give": [tags[0].pk]},
        {"member": people[1].pk, "give": [tag.pk for tag in tags]},
    )
    assert ends(answer) == ["updated", ("/rows/1/give", "too_many_tags")]
    swap = send({"member": people[0].pk, "give": [tags[1].pk], "take": [tags[0].pk]})
    assert ends(swap) == ["updated"]
    assert held(brand, people[1]) == []


def test_what_is_wrong_is_named_row_by_row(send, brand, people, tags):
    stranger = MemberFactory(brand=BrandFactory())
    TagFactory(brand=brand, group=TagGroupFactory(brand=brand, name="活动"), name="露营")
    me = {"member": people[0].pk}
    answer = send(
        {"give": [tags[0].pk]},
        me | {"customer_no": "C0"},
        {"member": stranger.pk, "give": [tags[0].pk]},
        {"member": 2**70},
        {"customer_no": "nobody"},
        {"member": people[1].pk, "give": ["露营"]},
        {"member": people[2].pk, "give": ["没有"]},
        {"member": people[3].pk, "give": [2**70]},
        me | {"give": [tags[0].pk], "take": [tags[0].pk]},
        me | {"give": [tags[0].pk]},
        me | {"give": [True]},
        me | {"give": "露营"},
        me | {"give": [tags[0].pk] * 51},
        me | {"tenant_id": 1},
    )
    assert ends(answer) == [
        ("/rows/0/member", "required"),
        ("/rows/1/member", "member_twice"),
        ("/rows/2/member", "member_unknown"),
        ("/rows/3/member", "member_unknown"),
        ("/rows/4/customer_no", "member_unknown"),
        ("/rows/5/give", "tag_ambiguous"),
        ("/rows/6/give", "tag"),
        ("/rows/7/give", "tag"),
        ("/rows/8/take", "give_and_take"),
        ("/rows/9/member", "duplicate"),
        ("/rows/10/give", "wrong_type"),
        ("/rows/11/give", "wrong_type"),
        ("/rows/12/give", "too_many"),
        ("/rows/13/tenant_id", "unknown_field"),
    ]
    with tenant(brand.pk):
        assert not MemberTag.objects.exists()


def test_the_number_of_queries_does_not_depend_on_the_rows(
    send, brand, people, tags, django_assert_max_num_queries
):
    more = [MemberFactory(brand=brand) for _n in range(40)]

    def ask(*rows):
        with django_assert_max_num_queries(100) as captured:
            assert set(ends(send(*rows))) == {"updated"}
        return len(captured.captured_queries)

    def row(member):
        return {"member": member.pk, "give": [tag.pk for tag in tags]}

    ask(row(people[1]))  # The first of a day notes when its key was last used.
    assert ask(row(people[0])) == ask(*map(row, more))
