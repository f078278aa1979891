"""Cells that are made to take a process's time or to overflow what reads them."""

import time

import pytest

from members.imports import values
from members.imports.options import DateOrder, MoneyUnit

LONG = 32_767  # what a cell of a workbook may hold


@pytest.fixture
def at_once():
    began = time.process_time()
    yield
    assert time.process_time() - began < 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("space", [" ", "\u3000", "\t"])
def test_a_day_with_a_field_of_spaces_behind_it_is_none(space):
    with pytest.raises(values.BadValue, match=r"^date$"):
        values.read_moment(f"2024-03-01{space * LONG}x", DateOrder.AUTO)


def test_a_day_may_have_a_little_space():
    found = values.read_moment("2024 年 3 月 1 日  10:00:00.123456+08:00", DateOrder.AUTO)
    assert found.isoformat() == "2024-03-01T02:00:00+00:00"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("read", "code"),
    [
        (values.read_name, "too_long"),
        (values.read_number, "too_long"),
        (values.read_channel, "too_long"),
        (values.read_gender, "gender"),
        (lambda raw: values.read_tags(raw, ""), "too_long"),
        (lambda raw: values.read_vin(raw, is_domestic=True), "vin_length"),
        (lambda raw: values.read_fen(raw, MoneyUnit.YUAN), "money"),
        (values.read_quantity, "quantity"),
    ],
)
def test_a_heap_of_accents_is_refused_within_a_moment(read, code):
    marks = LONG // 2
    with pytest.raises(values.BadValue, match=rf"^{code}$"):
        read("e" + "\u0301" * marks + "\u0323" * marks)


@pytest.mark.parametrize("unit", list(MoneyUnit))
@pytest.mark.parametrize("cell", ["1E9999999", "1E999999", "9" * LONG])
def test_an_amount_beyond_all_bounds_is_too_large(unit, cell):
    with pytest.raises(values.BadValue, match=r"^money_too_large$"):
        values.read_fen(cell, unit)


@pytest.mark.parametrize(
    ("cell", "unit", "fen"),
    [
        ("1E-9999999", MoneyUnit.YUAN, 0),
        ("1e11", MoneyUnit.YUAN, 10**13),
        ("1e13", MoneyUnit.FEN, 10**13),
        ("29.329999999999998", MoneyUnit.FOREIGN, 2933),
        ("￥1,280.00 元", MoneyUnit.YUAN, 128_000),
        ("1，234，567", MoneyUnit.FEN, 1_234_567),
    ],
)
def test_amounts_within_the_bounds_are_kept(cell, unit, fen):
    assert values.read_fen(cell, unit) == fen


def test_long_cells_are_not_remembered():
    read = values.Memo(values.read_channel)
    found = read(["官网", "x" * 300, "x" * 300, ""])
    assert found == ["官网", values.Bad("too_long"), values.Bad("too_long"), None]
    assert set(read._known) == {"", "官网"}


@pytest.mark.parametrize("cell", ["\u200b", "\u3164", "\u200b \ufeff"])
def test_a_number_of_which_nothing_is_seen_is_none(cell):
    assert values.read_number(cell) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [("a:b:c", "tag_name"), ("\ufdfa" * 9, "too_long"), ("Тag", "name_alphabets")],
)
def test_a_tag_that_cannot_be_says_why(cell, code):
    with pytest.raises(values.BadValue, match=rf"^{code}$"):
        values.read_tags(cell, "")


@pytest.mark.parametrize("cell", ["12,50", "1.234,56", ",5", "5,", "1,,000", "1234,567", "0,99 €"])
def test_a_comma_that_parts_no_thousands_is_not_left_out(cell):
    """Elsewhere it is the decimal point, and the amount would come in a hundredfold."""
    with pytest.raises(values.BadValue, match=r"^money$"):
        values.read_fen(cell, MoneyUnit.FOREIGN)
