"""What a value may be, whoever brings it; the numbers are those of the catalogue of bad inputs."""

from datetime import date

import pytest

from members.custom_fields import rules
from members.custom_fields.rules import BadValue, Choice, Spec, from_json, from_text

CHOICES = (Choice(1, "家用"), Choice(2, "通勤"), Choice(3, "Camping"), Choice(4, "旧", True))


def spec(kind, **more):
    return Spec(1, "key", "Field", kind, choices=CHOICES, **more)


TEXT, NUMBER, DAY = spec("text", max_length=20), spec("number"), spec("date")
MONEY = spec("number", decimals=2, low=0, high=1_000_000)
ONE, SEVERAL = spec("choice"), spec("choices")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  小  陈 ", "小 陈"),
        ("\u200b小\u202e陈\ufeff", "小陈"),  # 37: zero width, right to left
        ("e\u0301", "é"),  # 38: one form
        ("𠮷田·👨\u200d👩\u200d👧", "𠮷田·👨\u200d👩\u200d👧"),  # 39
        ("%_'; -- (a+)+$", "%_'; -- (a+)+$"),  # 42: literal
        ("{{7*7}}<script>", "{{7*7}}<script>"),  # 43: inert where it is shown
        ("一\r\n二", "一 二"),  # 44
        ("\u200b \u200d", None),
        ("", None),
    ],
)
def test_a_text_is_kept_in_one_form(raw, kept):
    assert from_text(TEXT, raw) == kept
    assert from_json(TEXT, raw) == kept


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("x" * 21, "too_long"),
        ("a" + "\u0301" * 12, "custom_marks"),  # 40: Zalgo
        ("a\u0007b", "control_character"),
        ("a\ud800", "control_character"),
    ],
)
def test_a_text_nobody_can_read_is_refused(raw, code):
    with pytest.raises(BadValue, match=code):
        from_text(TEXT, raw)


def test_ten_kilobytes_of_accents_are_refused():
    with pytest.raises(BadValue):
        from_text(TEXT, "Z" + "\u0336" * 10_000)


@pytest.mark.parametrize(
    ("field", "raw", "kept"),
    [
        (NUMBER, "4", 40_000),
        (NUMBER, "１２", 120_000),
        (NUMBER, "1,200", 12_000_000),
        (NUMBER, -3, -30_000),
        (NUMBER, "+7", 70_000),
        (MONEY, "29.329999999999998", 293_300),
        (MONEY, 29.33, 293_300),
        (MONEY, "0", 0),
        (NUMBER, " ", None),
        (NUMBER, None, None),
    ],
)
def test_a_number_is_kept_as_an_integer(field, raw, kept):
    assert from_json(field, raw) == kept


@pytest.mark.parametrize(
    ("field", "raw", "code"),
    [
        (NUMBER, "four", "custom_number"),
        (MONEY, "12,50", "custom_number"),
        (MONEY, "1,2", "custom_number"),
        (NUMBER, ",100", "custom_number"),
        (NUMBER, "1.38E+10", "custom_number"),
        (NUMBER, "NaN", "custom_number"),
        (NUMBER, float("nan"), "custom_number"),
        (NUMBER, float("inf"), "custom_number"),
        (NUMBER, "1" * 14, "custom_number"),
        (NUMBER, 9_999_999_999_999, "custom_range"),
        (NUMBER, "٣", "custom_number"),
        (NUMBER, 1.5, "custom_decimals"),
        (MONEY, "1.999", "custom_decimals"),
        (MONEY, "-1", "custom_range"),
        (MONEY, "100.01", "custom_range"),
        (NUMBER, True, "wrong_type"),
        (NUMBER, [1], "wrong_type"),
        (TEXT, 7, "wrong_type"),
        (DAY, 20260101, "wrong_type"),
    ],
)
def test_what_is_no_such_number_is_refused(field, raw, code):
    with pytest.raises(BadValue, match=code):
        from_json(field, raw)


@pytest.mark.parametrize(
    ("raw", "code"),
    [  # 45
        ("2026-02-30", "date"),
        ("2026-01-01T24:00", "date"),
        ("0000-01-01", "date"),
        ("20260101", "date"),
        ("2026-W01-1", "date"),
        ("9999-12-31", "date_year"),
        ("1899-12-31", "date_year"),
    ],
)
def test_what_is_no_day_is_refused(raw, code):
    with pytest.raises(BadValue, match=f"^{code}$"):
        from_text(DAY, raw)


def test_a_leap_day_is_one():
    assert from_text(DAY, " 2028-02-29 ") == date(2028, 2, 29)


def test_choices_are_found_by_number_and_by_name_in_the_order_of_the_field():
    assert from_text(ONE, "ＣＡＭＰＩＮＧ") == (3,)
    assert from_json(ONE, 2) == (2,)
    for text in ("camping;家用", "camping；家用", "家用、 Camping", "家用;;Camping;家用"):
        assert from_text(SEVERAL, text) == (1, 3)
    assert from_json(SEVERAL, [3, "家用"]) == (1, 3)
    assert from_json(SEVERAL, []) is None


def test_an_archived_choice_is_offered_no_more_but_what_was_read_can_be_written():
    with pytest.raises(BadValue, match="custom_choice"):
        from_text(ONE, "旧")
    assert from_json(ONE, "旧") == (4,)
    assert from_json(SEVERAL, [4]) == (4,)


@pytest.mark.parametrize(
    ("field", "raw"),
    [(ONE, "无"), (ONE, 9), (ONE, True), (ONE, {"id": 1}), (SEVERAL, ["家用", "无"])],
)
def test_what_is_no_choice_is_refused(field, raw):
    with pytest.raises(BadValue, match="custom_choice"):
        from_json(field, raw)


def test_several_choices_come_as_a_list():
    with pytest.raises(BadValue, match="not_a_list"):
        from_json(SEVERAL, "家用")


def test_values_read_and_shown_are_the_same():
    for field, value in [
        (TEXT, "小陈"),
        (MONEY, 293_300),
        (NUMBER, 10_000_000),
        (DAY, date(2026, 1, 2)),
        (ONE, (2,)),
        (SEVERAL, (1, 3)),
    ]:
        assert from_json(field, rules.as_json(field, value)) == value
        assert from_text(field, rules.shown(field, value)) == value
    assert rules.shown(MONEY, 293_300) == "29.33"
    assert rules.shown(NUMBER, 10_000_000) == "1000"
    assert rules.as_json(SEVERAL, None) == []


def test_every_refusal_has_words():
    for code in ("required", "too_long", "custom_range", "custom_decimals", "date", "not_a_list"):
        assert rules.said(MONEY, code)
    assert "100" in rules.said(MONEY, "custom_range")
