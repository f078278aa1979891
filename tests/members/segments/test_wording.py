"""Every condition can be said in words, in both languages, by what was filled in."""

import pytest
from django.utils import translation
from hypothesis import given, settings

from members.segments import rules
from members.segments.ports import registry
from members.segments.wording import Words
from tests.members.segments.drawing import STEADY, trees
from tests.members.segments.population import populate

pytestmark = pytest.mark.django_db


def test_every_condition_is_said_in_words(inside_brand):
    words = Words(inside_brand.pk)

    @settings(max_examples=150, **STEADY)
    @given(trees(populate(inside_brand, count=5)))
    def check(tree):
        for leaf in rules.leaves(rules.parse(tree, registry=words.fields)):
            for language in ("zh-hans", "en"):
                with translation.override(language):
                    said = words.condition(leaf)
                    assert said.startswith(str(leaf.criterion.label))
                    assert str(leaf.comparison.label) in said

    check()


def said(field, cmp, value):
    root = rules.parse({"field": field, "cmp": cmp, "value": value}, registry=registry)
    with translation.override("zh-hans"):
        return Words(0).condition(next(rules.leaves(root)))


@pytest.mark.parametrize(
    ("field", "cmp", "value", "words"),
    [
        ("vehicle.age", "gte", 36, "车龄 至少 36 个月"),
        (
            "messages.read",
            "lte",
            {"number": 3, "days": 30},
            "读过的群消息 至多 3 条消息 近 30 天",
        ),
        ("random", "share", {"percent": 10, "salt": "春季"}, "抽样口令 「春季」"),
        ("community.role", "in", ["admin"], "社群角色 是"),
        ("orders.first", "within", 7, "首单 "),
        (
            "orders.category",
            "in",
            {"in": ["精品", "保养"], "days": 30},
            "订单品类 买过任一 精品、保养 近 30 天",
        ),
        ("orders.sum", "gte", {"fen": 10_000, "category": ["精品"]}, "¥100 品类 精品"),
        ("points.balance", "gte", 500, "积分余额 至少 500"),
        ("points.contribution", "between", {"from": 1000, "to": 2000}, "贡献值 "),
        ("points.spent", "gte", {"number": 500, "days": 90}, "消费的积分 至少 500"),
        (
            "events.attended",
            "gte",
            {"number": 2, "days": 90, "kind": ["drive"]},
            "到场活动次数 至少 2 场活动 近 90 天 活动类型为 自驾",
        ),
        ("events.missed", "lte", {"number": 1}, "报名未到场 至多 1 场活动"),
        ("events.event", "in", {"in": [7], "what": ["checked_in"]}, "其中 到了场"),
        ("events.last", "before", 60, "最近一次到场 早于"),
    ],
)
def test_the_new_ones_read_well(field, cmp, value, words):
    assert words in said(field, cmp, value)
