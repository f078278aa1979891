from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.exports.rules import csv_cell, plain, xlsx_cell
from core.files.rules import inert_cell

STARTS = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]
BEFORE = ["", " ", "\u00a0", "\u3000", "\n", "\r\n", "\t", "\0", " \0", "\u200b", " \ufeff", "\v"]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("before", BEFORE)
def test_a_formula_gets_an_apostrophe_whatever_stands_before_it(before, start):
    """Bad inputs 20 and 21."""
    cell = csv_cell(f"{before}{start}HYPERLINK(1)")
    assert cell.startswith("'")
    assert "\0" not in cell


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx", "\0x"])
def test_a_cell_that_begins_with_a_control_gets_one_too(text):
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize(
    "text", ["", "陈*宇", "138****1234", "a=b", "1-2", "浙A·12345", "−¥5", " x"]
)
def test_other_text_stays_as_it_is(text):
    assert csv_cell(text) == inert_cell(text) == text


@pytest.mark.parametrize("start", [*STARTS, "\t=", "\0=", "\u3000＝"])
def test_a_workbook_takes_every_text_as_text(start):
    value, kind = xlsx_cell(f"{start}1+1")
    assert kind == "s"
    assert "\0" not in value


def test_numbers_stay_numbers_where_they_keep_their_digits():
    assert xlsx_cell(-5) == (-5, "n")
    assert xlsx_cell(2**62) == (str(2**62), "s")
    assert csv_cell(-5) == "-5"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "✓"),
        (False, ""),
        (Decimal("12.50"), 12.5),
        (date(2026, 5, 6), "2026-05-06"),
        (datetime(2026, 5, 6, 16, 30, tzinfo=UTC), "2026-05-07 00:30:00"),
        (["露营", "摄影"], "露营、摄影"),
    ],
)
def test_a_value_stands_as_people_write_it(value, shown):
    assert plain(value) == shown
