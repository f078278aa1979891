"""How a cell of a list stands in a file, and how much one takes alone. Plain values."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.files.rules import inert_cell
from core.kernel.formats import exact

# Rows about people that somebody takes within DAY without a second person, in all their files.
ALONE = 5_000
DAY = timedelta(days=1)
# A decision holds for as long; so does a request that nobody decides.
HOLDS_FOR = timedelta(days=7)
# By how much a list may have grown since somebody looked at it, as a share of its rows.
GROWTH = 10

BETWEEN = "、"
# Digits that a spreadsheet's numbers keep; beyond, the last ones become zeros.
MOST_DIGITS = 15
# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class FileFormat(StrEnum):
    """What kind of file is written."""

    CSV = "csv"
    XLSX = "xlsx"


def plain(value: Any) -> str | int | float:
    """Return a cell as text or number: times to the second in local time, several with 、."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value) if isinstance(value, Decimal) else value
    return _text(value)


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, datetime):
        return exact(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return BETWEEN.join(map(_text, value))
    return str(value)


def csv_cell(value: str | float) -> str:
    """Return a cell for a CSV: text that a spreadsheet would run gets an apostrophe."""
    return inert_cell(value) if isinstance(value, str) else str(value)


def xlsx_cell(value: str | float) -> tuple[str | float, str]:
    """Return a cell for a workbook and its type: ``s`` is text, which is never run; else ``n``."""
    if isinstance(value, str):
        return _UNWRITABLE.sub("", value), "s"
    if len(str(value).lstrip("-").replace(".", "")) > MOST_DIGITS:
        return str(value), "s"
    return value, "n"


def ceiling(rows: int) -> int:
    """Return how many rows an approval of ``rows`` allows."""
    return rows + rows // GROWTH
