"""What stands in the cells of a workbook, as text."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from members.imports.reading.ports import MAX_CELL_CHARACTERS, MAX_COLUMNS, FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from members.imports.reading.shared_texts import SharedTexts
    from members.imports.reading.workbook import Workbook

MAX_KNOWN = 50_000
MAX_KNOWN_CHARACTERS = 8 * 1024**2
SHOWN_DIGITS = 15

# A row: its number, its cells as text, and the cells that are no plain values, with the reason.
ReadRow = tuple[int, list[str], list[tuple[int, str]]]


class CellTexts:
    """Turns the raw value of a cell into text; what cannot be text is noted in ``problems``."""

    def __init__(self, texts: SharedTexts, book: Workbook) -> None:
        """Know the workbook's shared texts and date styles."""
        self.problems: list[tuple[int, str]] = []
        self._texts, self._book = texts, book
        self._known_texts: dict[str, str] = {}
        self._known_characters = 0
        self._known_dates: dict[str, str] = {}
        self._converters: dict[tuple[str, str, int], Callable[[str], str]] = {}

    def converter(self, kind: str, style: str, column: int) -> Callable[[str], str]:
        """Return what reads cells of this type and style in this column."""
        key = (kind, style, column)
        found = self._converters.get(key)
        if found is None:
            if len(self._converters) > MAX_KNOWN:
                self._converters.clear()
            found = self._converters[key] = self._make(kind, style, column)
        return found

    def _make(self, kind: str, style: str, column: int) -> Callable[[str], str]:
        if kind == "n":
            return self._date if style in self._book.date_styles else _number
        if kind == "b":
            return _boolean

        def shared(raw: str) -> str:
            text = self._known_texts.get(raw)
            return self._shared(raw, column) if text is None else text

        def error(raw: str) -> str:
            self.problems.append((column, "cell_error"))
            return raw[:20]

        def plain(raw: str) -> str:
            return raw if len(raw) <= MAX_CELL_CHARACTERS else self._short(raw, column)

        return {"s": shared, "e": error}.get(kind, plain)

    def _shared(self, raw: str, column: int) -> str:
        try:
            text = self._texts[int(raw)]
        except (ValueError, IndexError):
            self.problems.append((column, "cell_error"))
            return ""
        if len(text) > MAX_CELL_CHARACTERS:
            return self._short(text, column)
        if self._known_characters > MAX_KNOWN_CHARACTERS or len(self._known_texts) > MAX_KNOWN:
            self._known_texts.clear()
            self._known_characters = 0
        self._known_texts[raw] = text
        self._known_characters += len(text)
        return text

    def _short(self, text: str, column: int) -> str:
        self.problems.append((column, "cell_too_long"))
        return text[:100]

    def _date(self, raw: str) -> str:
        """Return a serial number as ISO text; one that is none stays as it is, to be refused."""
        text = self._known_dates.get(raw)
        if text is None:
            if len(self._known_dates) > MAX_KNOWN:
                self._known_dates.clear()
            text = self._known_dates[raw] = _iso(raw, self._book.epoch)
        return text


def _number(raw: str) -> str:
    """Return a number as a spreadsheet shows it: of 812.3200000000001 the first 15 digits."""
    if len(raw) > SHOWN_DIGITS and raw.replace(".", "", 1).isdecimal() and "." in raw:
        return f"{float(raw):.15g}"
    return raw.removesuffix(".0")


def _boolean(raw: str) -> str:
    return "TRUE" if raw == "1" else "FALSE"


def _iso(raw: str, epoch: datetime) -> str:
    try:
        moment = epoch + timedelta(seconds=round(float(raw) * 86400))
    except (ValueError, OverflowError):
        return raw
    return moment.isoformat(" ") if moment.time() != datetime.min.time() else str(moment.date())


def column_of(letters: str) -> int:
    """Return the index of a column's letters: A → 0.

    Raises:
        FileRefused: they are none.
    """
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        raise FileRefused("file_damaged", _("The workbook is damaged."))
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def row_number(reference: str | None, last: int) -> int:
    """Return the number of the row after ``last``.

    Raises:
        FileRefused: the reference is no number, or rows go backwards.
    """
    if reference is None:
        return last + 1
    if not reference.isdecimal() or len(reference) > 7 or int(reference) <= last:
        raise FileRefused("file_damaged", _("The workbook is damaged."))
    return int(reference)


def too_many_columns() -> FileRefused:
    """Return the refusal of a sheet that is too wide."""
    return FileRefused(
        "too_many_columns", _("The file has more than %(limit)d columns.") % {"limit": MAX_COLUMNS}
    )
