"""The rows of a sheet by way of expat: every form that XML allows, at the price of callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.imports.reading import archive
from members.imports.reading.cells import column_of, row_number, too_many_columns
from members.imports.reading.ports import MAX_CELL_CHARACTERS, MAX_COLUMNS

if TYPE_CHECKING:
    from members.imports.reading.cells import CellTexts, ReadRow


class SheetReading:
    """Turns the XML of one sheet into rows of text, with what cannot be taken as text noted."""

    def __init__(self, texts: CellTexts, skip: int) -> None:
        """Leave out rows up to number ``skip``."""
        self._texts, self._skip = texts, skip
        self.number = 0
        self._done: list[ReadRow] = []
        self._cells: list[str] = []
        self._problems: list[tuple[int, str]] = []
        self._pieces: list[str] = []
        self._names: dict[str, str] = {}
        self._column, self._kind, self._style = -1, "", ""
        self._length = self._depth = 0
        self._inside = self._phonetic = False
        self._xml = archive.Xml(start=self._start, end=self._end, text=self._chars)

    def feed(self, block: bytes) -> list[ReadRow]:
        """Return the rows that ``block`` completes.

        Raises:
            FileRefused: this is not XML, or not that of a sheet.
        """
        self._xml.feed(block)
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > archive.MAX_DEPTH:
            raise archive.damaged()
        name = self._names.get(name) or self._local(name)
        if name == "c":
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
            else:
                self._column = column_of(reference.rstrip("0123456789"))
            if self._column >= MAX_COLUMNS:
                raise too_many_columns()
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._pieces.clear()
            self._length = 0
        elif name in {"v", "t"}:
            self._inside = not self._phonetic
        elif name == "row":
            self.number = row_number(attributes.get("r"), self.number)
            self._column, self._cells, self._problems = -1, [], []
        elif name == "f":
            if (self._column, "formula") not in self._problems[-1:]:
                self._problems.append((self._column, "formula"))
        elif name == "rPh":
            self._phonetic = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        name = self._names.get(name) or self._local(name)
        if name == "c":
            if self._pieces and self.number > self._skip:
                self._keep_cell()
        elif name in {"v", "t"}:
            self._inside = False
        elif name == "row":
            if self.number > self._skip and (self._cells or self._problems):
                self._done.append((self.number, self._cells, self._problems))
        elif name == "rPh":
            self._phonetic = False

    def _chars(self, data: str) -> None:
        if self._inside and self._length <= MAX_CELL_CHARACTERS:
            self._pieces.append(data)
            self._length += len(data)

    def _local(self, name: str) -> str:
        """Return a tag's name without its prefix, and remember it."""
        return self._names.setdefault(name, name.rpartition(":")[2])

    def _keep_cell(self) -> None:
        cells = self._cells
        if len(cells) > self._column:
            raise archive.damaged()  # A column for the second time.
        while len(cells) < self._column:
            cells.append("")
        self._texts.problems = self._problems
        convert = self._texts.converter(self._kind, self._style, self._column)
        cells.append(convert("".join(self._pieces)))
