import pytest
from django.utils import timezone

from core.kernel.access import Permission, Viewer
from events.points import services
from events.points.timeline import SOURCES
from members.timeline.rules import Before
from members.timeline.selectors import page_of
from tests.factories.members import MemberFactory
from tests.factories.points import post

pytestmark = pytest.mark.django_db


def test_every_movement_is_told_with_its_sign(inside_brand, actor):
    member, now = MemberFactory(brand=inside_brand), timezone.now()
    post(member, 1200)
    spent = post(member, -300)
    services.reverse(entry=spent, reason="退货", actor=actor, now=now)
    post(member, 40, ledger="contribution")
    post(member, -5, "adjust", reason="记错")
    waiting = post(member, 9, pending=True)
    gone = post(member, 8, pending=True)
    services.settle(entry=gone, confirmed=False, actor=actor, now=now)
    load = SOURCES["points"].load
    told = load(member=member, viewer=actor, before=Before(), limit=20)
    assert {entry.what for entry in told} == {
        *("points.earned", "points.spent", "points.reversed", "points.adjusted"),
    }
    assert gone.pk not in {entry.key for entry in told}
    texts = {entry.key: (entry.text, entry.detail) for entry in told}
    assert texts[spent.pk][0] == "消费 300 积分"
    assert texts[waiting.pk] == ("获得 9 积分", "待确认")
    assert ("积分撤销：+300", "退货") in texts.values()
    assert ("积分调整：−5", "记错") in texts.values()
    assert ("获得 40 贡献值", "") in texts.values()


def test_pages_follow_each_other(inside_brand, actor, query_budget):
    member = MemberFactory(brand=inside_brand)
    made = [post(member, 1).pk for _n in range(7)]
    load = SOURCES["points"].load
    with query_budget(1):
        first = load(member=member, viewer=actor, before=Before(), limit=4)
    before = Before(first[-1].at, first[-1].key)
    rest = load(member=member, viewer=actor, before=before, limit=9)
    assert [entry.key for entry in (*first, *rest)] == made[::-1]


def test_who_may_not_see_points_is_not_told(inside_brand, actor):
    member = MemberFactory(brand=inside_brand)
    post(member, 1)
    viewer = Viewer(inside_brand.pk, "x", permissions=frozenset({Permission.MEMBERS_VIEW}))
    kinds = {entry.kind for entry in page_of(member=member, viewer=viewer).entries}
    assert "points" not in kinds
    assert "points" in {entry.kind for entry in page_of(member=member, viewer=actor).entries}
