import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.kernel.scoping import tenant
from members.segments.models import Segment
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


def form(**changes):
    values = {"name": "New", "description": "", "tree": json.dumps(GROWTH)} | changes
    return {name: value for name, value in values.items() if value is not None}


def saved(brand):
    with tenant(brand.pk):
        return list(Segment.objects.order_by("pk"))


@pytest.fixture
def segment(brand):
    return SegmentFactory(brand=brand, tree=GROWTH, name="Growing")


def test_list_says_the_conditions_in_words(signed_in, brand):
    tag = TagFactory(brand=brand, name="露营")
    tree = {"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]}
    SegmentFactory(brand=brand, tree=tree)
    page = signed_in.get(reverse("members:segments-list")).content.decode()
    assert "露营" in page


def test_list_tells_what_leaves_people_out_and_what_is_one_of_several(signed_in, brand):
    camping, complaint, sailing = (
        TagFactory(brand=brand, name=n) for n in ("露营", "投诉", "帆船")
    )
    one = {"field": "tags", "cmp": "any"}
    either = [one | {"value": [camping.pk]}, one | {"value": [sailing.pk]}]
    left_out = {"op": "not", "items": [one | {"value": [complaint.pk]}]}
    tree = {"op": "all", "items": [{"op": "any", "items": either}, left_out]}
    SegmentFactory(brand=brand, tree=tree)
    page = signed_in.get(reverse("members:segments-list")).content.decode()
    assert "标签 包含任一 露营 或 标签 包含任一 帆船" in page
    assert "排除 标签 包含任一 投诉" in page


def test_list_stays_within_its_budget(signed_in, brand, query_budget):
    for number in range(8):
        tag = TagFactory(brand=brand)
        tree = {"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]}
        SegmentFactory(brand=brand, tree=tree, name=f"S{number}")
    with query_budget(4):
        assert signed_in.get(reverse("members:segments-list")).status_code == 200


def test_archived_ones_are_asked_for(signed_in, brand, segment):
    with tenant(brand.pk):
        Segment.objects.update(is_archived=True)
    url = reverse("members:segments-list")
    assert "Growing" not in signed_in.get(url).content.decode()
    assert "Growing" in signed_in.get(url, {"state": "archived"}).content.decode()


def test_a_segment_is_saved_and_counted(signed_in, brand):
    MemberFactory(brand=brand, stage="growth")
    answer = signed_in.post(reverse("members:segments-new"), form())
    (made,) = saved(brand)
    assert answer.url == reverse("members:segments-detail", args=[made.pk])
    assert (made.member_count, made.tree) == (1, GROWTH)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"tree": ""},
        {"tree": "{"},
        {"tree": "[" * 2000},
        {"tree": '{"op": "any", "items": []}'},
        {"tree": '{"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [1]}]}'},
    ],
)
def test_a_wrong_form_is_answered_422_and_keeps_what_was_typed(changes, signed_in, brand):
    answer = signed_in.post(reverse("members:segments-new"), form(description="Kept", **changes))
    assert answer.status_code == 422
    assert "Kept" in answer.content.decode()
    assert saved(brand) == []


def test_a_name_in_use_stands_beside_the_field(signed_in, brand, segment):
    answer = signed_in.post(reverse("members:segments-new"), form(name="Growing"))
    assert answer.status_code == 422
    assert "name" in answer.context["form"].errors


def test_a_stale_edit_is_refused(signed_in, brand, segment):
    url = reverse("members:segments-edit", args=[segment.pk])
    assert signed_in.post(url, form(name="Hers", version=1)).status_code == 302
    assert signed_in.post(url, form(name="His", version=1)).status_code == 412
    assert saved(brand)[0].name == "Hers"


def test_counting_answers_the_whole_and_each_condition(signed_in, brand):
    for stage in ("growth", "growth", "lost"):
        MemberFactory(brand=brand, stage=stage, phone=None)
    tree = {
        "op": "any",
        "items": [GROWTH["items"][0], {"field": "phone", "cmp": "known"}],
    }
    answer = signed_in.post(reverse("members:segments-count"), {"tree": json.dumps(tree)})
    assert answer.context["count"] == 2
    assert json.loads(answer.context["counts_json"]) == [2, 0]
    assert len(answer.context["sample"]) == 2


def test_counting_stays_within_its_budget(signed_in, brand, query_budget):
    MemberFactory(brand=brand, stage="growth")
    with query_budget(12):
        signed_in.post(reverse("members:segments-count"), {"tree": json.dumps(GROWTH)})


@pytest.mark.parametrize("tree", ["", "null", '{"op": "all", "items": []}'])
def test_nothing_filled_in_counts_nothing(tree, signed_in):
    answer = signed_in.post(reverse("members:segments-count"), {"tree": tree})
    assert answer.status_code == 200
    assert answer.context.get("count") is None


@pytest.mark.parametrize("tree", ["{", "[]", "7", "[" * 5000, '{"op": 1, "items": 2}'])
def test_what_cannot_be_read_is_told(tree, signed_in):
    answer = signed_in.post(reverse("members:segments-count"), {"tree": tree})
    assert answer.status_code == 200
    assert answer.context["refusal"]


def test_a_problem_points_to_its_condition(signed_in):
    tree = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["nowhere"]}]}
    answer = signed_in.post(reverse("members:segments-count"), {"tree": json.dumps(tree)})
    assert list(json.loads(answer.context["problems_json"])) == ["/items/0/value"]


def test_detail_shows_people_masked(signed_in, brand, segment):
    MemberFactory(brand=brand, stage="growth", display_name="陈小宇", phone="+8613812345678")
    people = signed_in.get(reverse("members:segments-people", args=[segment.pk]))
    page = people.content.decode()
    assert "陈*宇" in page
    assert "陈小宇" not in page
    assert "138****5678" in page
    assert signed_in.get(reverse("members:segments-detail", args=[segment.pk])).status_code == 200


def test_people_of_a_segment_are_counted_by_one_statement(signed_in, brand, segment):
    MemberFactory(brand=brand, stage="growth")
    with CaptureQueriesContext(connection) as queries:
        people = signed_in.get(reverse("members:segments-people", args=[segment.pk]))
    assert people.context["count"] == 1
    # The page shows no counts of single conditions; those are the builder's.
    assert sum("count(*)" in query["sql"] for query in queries.captured_queries) == 1


def test_archiving_and_using_again(signed_in, brand, segment):
    url = reverse("members:segments-archive", args=[segment.pk])
    signed_in.post(url)
    assert saved(brand)[0].is_archived
    signed_in.post(url, {"restore": "1"})
    assert not saved(brand)[0].is_archived


def test_recounting_keeps_the_number(signed_in, brand, segment):
    MemberFactory(brand=brand, stage="growth")
    signed_in.post(reverse("members:segments-recount", args=[segment.pk]))
    assert saved(brand)[0].member_count == 1


def test_options_are_searched(signed_in, brand):
    url = reverse("members:segments-options")
    TagFactory(brand=brand, name="露营"), TagFactory(brand=brand, name="自驾")
    found = signed_in.get(url, {"of": "tags.in", "q": "露"}).json()
    assert [option["label"] for option in found] == ["露营"]
    assert signed_in.get(url, {"of": "password.in"}).status_code == 404
    assert signed_in.get(url, {"of": "name.text"}).status_code == 404


def test_why_somebody_is_in_or_not_is_said_condition_by_condition(signed_in, brand):
    inside = MemberFactory(brand=brand, display_name="王小明", stage="growth")
    MemberFactory(brand=brand, display_name="王大明", stage="lost")
    tree = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}
    segment = SegmentFactory(brand=brand, tree=tree)
    url = reverse("members:segments-explain", args=[segment.pk])
    page = signed_in.get(url, {"q": "王"}).content.decode()
    assert page.count("不在里面") == 1
    assert f"/members/{inside.pk}/" in page
    assert "成长期" in page
