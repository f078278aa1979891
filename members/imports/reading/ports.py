"""What the readers of CSV and XLSX have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.utils.translation import gettext as _

from core.kernel.errors import DomainError, Kind, Problem
from core.kernel.letters import without_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_UPLOAD_BYTES = 300 * 1024 * 1024
MAX_INFLATED_BYTES = 256 * 1024 * 1024
MAX_COLUMNS = 200
MAX_HEADER = 1000  # characters looked at, of which some may not be seen
MAX_CSV_ROWS = 2_000_000
MAX_XLSX_ROWS = 300_000
MAX_XLSX_TEXTS = 1_500_000
MAX_CELL_CHARACTERS = 32_767  # what a spreadsheet cell holds
BATCH_BYTES = 1024 * 1024
UPLOAD = "/file"  # the field that every refusal of a file is about


class FileRefused(DomainError):
    """The file cannot be read as a table; nothing of it was kept. ``code`` names the reason."""

    kind = Kind.INVALID

    def __init__(self, code: str, detail: str, kind: Kind = Kind.INVALID, **facts: Any) -> None:
        """Name the reason; 422 unless ``kind`` says 413 or 415."""
        super().__init__(detail, problems=(Problem(UPLOAD, code, detail),), **facts)
        self.code = code
        self.kind = kind


class Fault(NamedTuple):
    """What is wrong with the form of one row. ``column`` is an index, or None for the row."""

    row_number: int
    column: int | None
    code: str
    value: str = ""


@dataclass(slots=True)
class Batch:
    """Some rows in the order of the file. ``numbers`` count as a spreadsheet does: header is 1.

    ``position`` is where the next batch begins; given to ``batches`` it goes on from there.
    ``spoilt`` counts faults whose row is not among ``rows``, because it could not be read at all.
    """

    numbers: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    spoilt: set[int] = field(default_factory=set)
    position: dict[str, int] = field(default_factory=dict)


class RowSource(Protocol):
    """A table that can be read again from any position it has given out."""

    def headers(self) -> list[str]:
        """Return the names of the columns, or refuse a file that does not name them well."""

    def batches(self, position: dict[str, int]) -> Iterator[Batch]:
        """Yield what follows ``position``; an empty one means from the first row of data."""

    def close(self) -> None:
        """Let go of what reading took; the file stays the caller's."""


def checked_headers(cells: list[str]) -> list[str]:
    """Return the names of the columns, trimmed; trailing empty ones are left out.

    Raises:
        FileRefused: no name at all, one missing in between, two alike, or too many.
    """
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    if width > MAX_COLUMNS:
        raise FileRefused(
            "too_many_columns",
            _("The file has more than %(limit)d columns.") % {"limit": MAX_COLUMNS},
        )
    names = [_shown(cell[:MAX_HEADER])[:80].rstrip() for cell in cells[:width]]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise FileRefused("header_missing", _("The first row must name the columns; it is empty."))
    if "" in names:
        letter = column_letter(names.index(""))
        raise FileRefused(
            "header_missing",
            _("Column %(column)s has no name in the first row.") % {"column": letter},
        )
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise FileRefused(
                "header_duplicate",
                _("Two columns are called “%(name)s”. Give each its own name.") % {"name": name},
            )
        seen.add(name.casefold())
    return names


def _shown(name: str) -> str:
    """Return a name without what nobody sees; NUL and its like could not even be kept."""
    seen = "".join(c if c.isprintable() else " " for c in without_hidden(name))
    return " ".join(seen.split())


def column_letter(index: int) -> str:
    """Return the spreadsheet's name of a column: 0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
