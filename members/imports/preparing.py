"""Rows of text made ready for the database. Pure: no query, no clock, fit for another thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any, Protocol

from members.imports.reasons import Problem, shown
from members.imports.values import Bad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from members.custom_fields.rules import Spec
    from members.imports.fields import Field
    from members.imports.options import Options
    from members.imports.reading.ports import Batch
    from members.imports.seen_keys import Met


NULL = "\\N"


@dataclass(frozen=True)
class Known:
    """What cells may refer to, by every name it has; None where a name means several."""

    cities: dict[str, str | None] = field(default_factory=dict)
    dealers: dict[str, int | None] = field(default_factory=dict)
    models: dict[str, int | None] = field(default_factory=dict)
    custom: tuple[Spec, ...] = ()  # the mapped ones of the brand's own fields


@dataclass(frozen=True)
class Job:
    """Everything that decides how a file is read."""

    brand_id: int
    subject: str
    headers: Sequence[str]
    mapping: dict[str, str]
    options: Options
    known: Known
    today: date  # where the brand is; what happened lies no later


@dataclass(slots=True)
class Chunk:
    """Rows ready to be copied, and those that are not fit for it.

    ``copy`` holds the good rows as COPY's text with the columns ``columns``; ``position`` is where
    the file goes on. ``read_count`` counts all rows that held anything.
    """

    position: dict[str, int]
    columns: list[str]
    copy: bytes = b""
    good_count: int = 0
    read_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    tags: list[tuple[int, str, str]] = field(default_factory=list)  # row, group, tag
    # Row, field, slot, text, number, day, choice: see ``custom_fields.rules.rows_of``.
    custom: list[tuple[Any, ...]] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)  # about rows that are fit
    met: Met | None = None  # where rows may be found by customer number or by phone


class Preparer(Protocol):
    """Makes chunks of one subject out of batches, in the order of the file."""

    def prepare(self, batch: Batch, *, only_keys: bool = False) -> Chunk:
        """Return a chunk; with ``only_keys`` merely remember which keys the rows had."""


class Table:
    """The rows of a batch as columns, with the problems found so far."""

    def __init__(self, batch: Batch, job: Job, fields: Sequence[Field]) -> None:
        """Leave blank rows out; note faults of the form, where they touch mapped columns."""
        width = len(job.headers)
        self.numbers: list[int] = []
        self.problems: dict[int, list[Problem]] = {}
        self._position_of = {name: i for i, name in enumerate(job.headers)}
        self._column_of = job.mapping
        self._personal = {f.name for f in fields if f.is_personal}
        self._rows: list[list[str]] = []
        for number, row in zip(batch.numbers, batch.rows, strict=True):
            if len(row) != width:
                self._fit(number, row, width)
            if any(map(str.strip, row)):
                self.numbers.append(number)
                self._rows.append(row)
        mapped = {self._position_of[column] for column in job.mapping.values()}
        for fault in batch.faults:
            if fault.column is None or fault.column in mapped:
                column = "" if fault.column is None else job.headers[fault.column]
                self._note(Problem(fault.row_number, column, fault.code))
        self.lost = len(self.problems.keys() - set(self.numbers))

    def _fit(self, number: int, row: list[str], width: int) -> None:
        if any(cell.strip() for cell in row[width:]):
            self._note(Problem(number, "", "too_many_cells"))
        row[width:] = [""] * (width - len(row))

    def _note(self, problem: Problem) -> None:
        self.problems.setdefault(problem.row_number, []).append(problem)

    def has(self, name: str) -> bool:
        """Whether a column is mapped to the field."""
        return name in self._column_of

    def raw(self, name: str) -> list[str]:
        """Return the cells of the field's column."""
        position = self._position_of[self._column_of[name]]
        return [row[position] for row in self._rows]

    def read(self, name: str, read: Callable[[list[str]], list[Any]]) -> list[Any]:
        """Return the field's values, None for blanks and for what is refused, which is noted."""
        if name not in self._column_of:
            return [None] * len(self._rows)
        cells = self.raw(name)
        values = read(cells)
        for i, value in enumerate(values):
            if type(value) is Bad:
                self.refuse(i, name, value.code, cells[i])
                values[i] = None
        return values

    def warning(self, i: int, name: str, code: str, value: str) -> Problem:
        """Return what to look at again in the i-th row, which can be taken."""
        value = shown(value, is_personal=name in self._personal)
        return Problem(self.numbers[i], self._column_of.get(name, ""), code, value)

    def refuse(self, i: int, name: str, code: str, value: str = "", other: str = "") -> None:
        """Note that the i-th row cannot be taken."""
        column = self._column_of.get(name, "")
        value = shown(value, is_personal=name in self._personal)
        self._note(Problem(self.numbers[i], column, code, value, other))

    def good(self) -> list[bool]:
        """Return which rows have no problem."""
        bad = self.problems
        if not bad:
            return [True] * len(self.numbers)
        return [number not in bad for number in self.numbers]

    def chunk(self, batch: Batch, columns: dict[str, list[Any]], good: list[bool]) -> Chunk:
        """Return the good rows in COPY's text; ``columns`` hold them already without the others."""
        numbers = list(compress(self.numbers, good))
        texts = zip(map(str, numbers), *map(copy_column, columns.values()), strict=True)
        return Chunk(
            position=batch.position,
            columns=["n", *columns],
            copy=as_lines(texts),
            good_count=len(numbers),
            read_count=len(self.numbers) + self.lost,
            problems=[problem for found in self.problems.values() for problem in found],
        )


def copy_column(column: list[Any]) -> list[str]:
    """Return values as COPY's text form wants them: a mark for NULL, backslashes doubled.

    Tabs and ends of lines are not expected: cells are cleaned before they get here.
    """
    return [
        (value.replace("\\", "\\\\") if "\\" in value else value)
        if type(value) is str
        else NULL
        if value is None
        else str(value)
        for value in column
    ]


def copy_lines(rows: Iterable[tuple[Any, ...]]) -> bytes:
    """Return a few rows in COPY's text form."""
    return as_lines(copy_column(list(row)) for row in rows)


def as_lines(texts: Iterable[Iterable[str]]) -> bytes:
    """Return rows of texts, already fit for COPY, as its lines."""
    lines = "\n".join(map("\t".join, texts))
    return f"{lines}\n".encode() if lines else b""
