"""Pages of what happened to tags: seen from outside, as a browser does."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.tags.models import MemberTag, Tag, TagAct, TagBlock, TagLimits
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory, TagGroupFactory
from tests.members.tags.conftest import MATURE

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def tag(brand):
    return TagFactory(brand=brand, name="露营", member_count=0)


@pytest.fixture
def people(brand):
    return [MemberFactory(brand=brand, stage="mature") for _n in range(4)]


@pytest.fixture(autouse=True)
def today(hand):
    hand.now = timezone.now()


def page(client, name, *args, **query):
    answer = client.get(reverse(f"members:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_dealer_is_told_no_number_of_the_whole_brand(client, signed_in, brand, hand, tag):
    dealer, seller = DealerFactory(brand=brand), StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=seller, role="dealer_manager", dealer=dealer)
    own, *others = [MemberFactory(brand=brand, home_dealer=at) for at in (dealer, None, None)]
    hand.rule(tag)
    hand.give(tag, own, *others)
    hand.take(tag, *others)
    assert "2 人被手动摘下过" in page(signed_in, "tags-detail", tag.pk)
    client.force_login(seller, backend="django.contrib.auth.backends.ModelBackend")
    assert "人被手动摘下过" not in page(client, "tags-detail", tag.pk)
    shown = page(client, "tags-members", tag.pk)
    assert f"/members/{own.pk}/" in shown
    assert [other.pk for other in others if f"/members/{other.pk}/" in shown] == []


def test_a_tags_page_has_its_members_and_its_history(signed_in, hand, tag, people, query_budget):
    hand.give(tag, *people, expires_at=hand.now + timedelta(days=3))
    hand.rule(tag)
    hand.take(tag, people[0])
    shown = page(signed_in, "tags-members", tag.pk)
    assert shown.count(f"tags/{tag.pk}/clear/") == 4  # Three who have it, one left alone.
    with query_budget(8):
        shown = page(signed_in, "tags-history", tag.pk)
    assert "打上" in shown
    assert "规则不再打上" in shown
    assert reverse("members:tags-undo", args=[hand.acts()[0].pk]) in shown


def test_members_come_page_by_page(signed_in, hand, tag, people, monkeypatch):
    from members.tags import console_history

    hand.give(tag, *people)
    monkeypatch.setattr(console_history, "PAGE", 3)
    first = signed_in.get(reverse("members:tags-members", args=[tag.pk]))
    rest = signed_in.get(
        reverse("members:tags-members", args=[tag.pk]), {"after": first.context["next"]}
    )
    assert (len(first.context["held"]), len(rest.context["held"])) == (3, 1)
    assert rest.context["next"] == ""


def test_an_act_is_undone_after_its_effects_were_shown(signed_in, hand, brand, tag, people):
    hand.give(tag, *people)
    (act,) = hand.acts()
    url = reverse("members:tags-undo", args=[act.pk])
    assert "4 位车主将失去标签" in signed_in.get(url).content.decode()
    answer = signed_in.post(url)
    assert answer.url == reverse("members:tags-history", args=[tag.pk])
    assert hand.pairs() == set()
    assert "已撤销" in page(signed_in, "tags-history", tag.pk)
    assert signed_in.get(url).status_code == 409
    assert signed_in.post(url, headers=HTMX).status_code == 409


def test_a_members_page_tells_the_history_of_tags(signed_in, hand, tag, people):
    hand.give(tag, people[0])
    hand.take(tag, people[0])
    told = page(signed_in, "members-detail", people[0].pk)
    assert "得到标签「露营」" in told
    assert "失去标签「露营」" in told
    assert "露营" not in page(signed_in, "members-detail", people[1].pk)


def test_a_tag_is_merged_after_its_effects_were_shown(signed_in, hand, brand, tag, people):
    other = TagFactory(brand=brand, name="自驾")
    SegmentFactory(
        brand=brand,
        name="爱露营",
        tree={"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]},
    )
    hand.give(tag, *people)
    url = reverse("members:tags-merge", args=[tag.pk])
    assert signed_in.get(url, headers=HTMX).status_code == 200
    asked = signed_in.post(url, {"into": other.pk}, headers=HTMX)
    assert "爱露营" in asked.content.decode()
    assert asked.context["would"].people == 4
    started = signed_in.post(url, {"into": other.pk, "sure": "1"})
    with tenant(brand.pk):
        assert started.url == reverse("core:runs-detail", args=[Run.objects.get().pk])
    hand.rule(tag)
    refused = signed_in.post(url, {"into": other.pk}, headers=HTMX)
    assert refused.status_code == 422


def test_a_tag_with_members_asks_for_its_name(signed_in, hand, brand, tag, people):
    hand.give(tag, *people)
    url = reverse("members:tags-delete", args=[tag.pk])
    asked = signed_in.get(url).content.decode()
    assert 'data-must="露营"' in asked
    assert signed_in.post(url).status_code == 409
    started = signed_in.post(url, {"must": "露营"})
    with tenant(brand.pk):
        run = Run.objects.get()
        assert started.url == reverse("core:runs-detail", args=[run.pk])
    hand.later(minutes=1)
    hand.work(run)
    with tenant(brand.pk):
        assert not Tag.objects.exists()


def test_limits_are_set(signed_in, brand):
    url = reverse("members:tags-limits")
    assert signed_in.get(url).context["form"]["tags"].value() == 5000
    body = {"tags": 9, "per_group": 8, "per_member": 7, "version": 0}
    assert signed_in.post(url, body, headers=HTMX).status_code == 204
    with tenant(brand.pk):
        assert TagLimits.objects.get().per_member == 7
    assert signed_in.post(url, body | {"tags": 0, "version": 1}, headers=HTMX).status_code == 422


def test_one_members_tag_gets_an_end_is_prolonged_and_left_to_the_rule(
    signed_in, hand, brand, tag, people
):
    member = people[0]
    url = reverse("members:tags-of-member", args=[member.pk])
    signed_in.post(url, {"tag": tag.pk, "ends_in": "3"}, headers=HTMX)
    with tenant(brand.pk):
        ends = MemberTag.objects.get().expires_at
    assert timedelta(days=2) < ends - timezone.now() < timedelta(days=4)
    day = (timezone.localdate() + timedelta(days=9)).isoformat()
    shown = signed_in.post(url, {"tag": tag.pk, "ends_on": day}, headers=HTMX)
    assert shown.status_code == 200
    with tenant(brand.pk):
        assert MemberTag.objects.get().expires_at > ends
    for wrong in ({"ends_in": "3", "ends_on": day}, {"ends_on": "2020-01-01"}, {"ends_in": "0"}):
        assert signed_in.post(url, {"tag": tag.pk, **wrong}, headers=HTMX).status_code == 422
    hand.rule(tag)
    signed_in.post(url, {"clear": tag.pk}, headers=HTMX)
    with tenant(brand.pk):
        assert MemberTag.objects.get().source == "rule"
    signed_in.post(url, {"take": tag.pk}, headers=HTMX)
    shown = page(signed_in, "members-detail", member.pk)
    assert "规则不会再打上" in shown
    signed_in.post(reverse("members:tags-clear", args=[tag.pk]), {"id": member.pk})
    with tenant(brand.pk):
        assert not TagBlock.objects.exists()


def test_the_list_is_narrowed_by_use(signed_in, hand, brand, tag, people):
    ruled, ending = (TagFactory(brand=brand, name=n, member_count=0) for n in ("规则的", "到期的"))
    hand.rule(ruled)
    hand.give(ending, people[0], expires_at=hand.now + timedelta(days=3))

    def shown(show):
        text = page(signed_in, "tags-list", show=show)
        return {name for name in ("露营", "规则的", "到期的") if name in text}

    assert shown("unused") == {"露营", "规则的"}
    assert shown("rule") == {"规则的"}
    assert shown("ending") == {"到期的"}
    assert shown("") == {"露营", "规则的", "到期的"}


def test_a_group_that_cannot_be_exclusive_offers_who_has_two(signed_in, hand, brand, people):
    group = TagGroupFactory(brand=brand)
    for _n in range(2):
        hand.give(TagFactory(brand=brand, group=group, member_count=0), people[0], people[1])
    url = reverse("members:tag-groups-edit", args=[group.pk])
    body = {"name": group.name, "is_exclusive": "on", "version": 1}
    answer = signed_in.post(url, body, headers=HTMX)
    assert answer.status_code == 422
    assert [member.pk for member in answer.context["several"]] == [p.pk for p in people[:2]]
    assert "2 位车主" in answer.content.decode()


def test_a_segment_is_counted_before_it_is_tagged(signed_in, hand, brand, tag, people):
    segment = SegmentFactory(brand=brand, tree=MATURE)
    url = reverse("members:tags-give")
    asked = signed_in.get(url, {"segment": segment.pk}, headers=HTMX)
    assert asked.context["of_segment"].startswith("4 ")
    body = {"segment": segment.pk, "tag": tag.pk, "act": "give", "ends_in": "5"}
    signed_in.post(url, body)
    with tenant(brand.pk):
        run = Run.objects.get()
    hand.later(minutes=1)
    hand.work(run)
    assert {pair[5] is None for pair in hand.pairs()} == {False}
    with tenant(brand.pk):
        assert TagAct.objects.get().run_id == run.pk
