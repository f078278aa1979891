from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from core.kernel import formats

NOW = datetime(2026, 11, 21, 6, 32, tzinfo=UTC)  # 14:32 in Shanghai


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (1_284_306, 0, "1,284,306"),
        (0, 0, "0"),
        (None, 0, "—"),
        ("", 0, "—"),
        (-3_604, 0, "−3,604"),
        (2.25, 1, "2.3"),
        (Decimal("0.05"), 1, "0.1"),
    ],
)
def test_numbers_are_grouped_rounded_half_up_and_carry_a_true_minus(value, places, text):
    assert formats.grouped(value, places) == text


@pytest.mark.parametrize(
    ("fen", "text"),
    [(4_800_000, "¥48,000"), (4_800_050, "¥48,000.50"), (-105, "−¥1.05"), (0, "¥0"), (None, "—")],
)
def test_money_shows_cents_only_where_there_are_any(fen, text):
    assert formats.yuan(fen) == text


def test_ratios_become_percent_and_their_differences_points():
    assert formats.percent(0.346) == "34.6%"
    with translation.override("zh-hans"):
        assert formats.points(0.007) == "0.7 点"


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613812341234", "138****1234"),
        ("13812341234", "138****1234"),
        ("", "—"),
        ("10086", "****86"),
    ],
)
def test_phones_are_masked(phone, masked):
    assert formats.masked_phone(phone) == masked


@pytest.mark.parametrize(("name", "masked"), [("陈小宇", "陈*宇"), ("马明", "马*"), (None, "—")])
def test_names_are_masked(name, masked):
    assert formats.masked_name(name) == masked


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (timedelta(seconds=-5), "刚刚"),
        (timedelta(minutes=-12), "12 分钟前"),
        (timedelta(hours=-3), "3 小时前"),
        # 02:00 this morning and 23:00 last night lie on two sides of midnight in Shanghai.
        (timedelta(hours=-12, minutes=-32), "12 小时前"),
        (timedelta(hours=-15, minutes=-32), "昨天 23:00"),
        (timedelta(days=-2), "11月19日"),
        (timedelta(days=-400), "2025年10月17日"),
        (timedelta(minutes=28), "28 分钟后"),
        (timedelta(hours=5), "今天 19:32"),
        (timedelta(days=1), "明天 14:32"),
        (timedelta(days=3), "11月24日"),
    ],
)
def test_times_read_as_people_say_them(ahead, text):
    with translation.override("zh-hans"):
        assert formats.relative(NOW + ahead, NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12, "12 秒"), (61, "1 分钟"), (3_600, "1 小时"), (5_400, "1 小时 30 分钟"), (None, "—")],
)
def test_durations_keep_their_two_largest_units(seconds, text):
    with translation.override("zh-hans"):
        assert formats.duration(seconds) == text


def test_a_figure_not_known_yet_is_a_dash():
    assert formats.grouped("") == formats.grouped(None) == "—"
