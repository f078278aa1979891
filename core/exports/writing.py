"""The bytes of an export: pieces as its steps write them, and the file that they become.

Who took the file away, and when, stands in it: as the last line of a CSV, behind ``# ``, so that
its head stays the first line and each line has as many cells; in a workbook as its first row, on
each printed page and in its properties.

Pieces hold no head. A piece of a CSV is the CSV's own bytes, so that joining only copies; a piece
of a workbook is a line of JSON per row, since a workbook is written in one go.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from core.exports.rules import FileFormat, csv_cell, plain, xlsx_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import BinaryIO

    from core.files.services import ResultFile

COPIED_AT_ONCE = 1024 * 1024
# One step writes a workbook; with more rows it would take too long. A sheet ends at 1,048,576.
MOST_XLSX_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Mark:
    """Who took a file away and when, in words and as values."""

    text: str
    who: str
    at: datetime


def write_piece(
    *, into: ResultFile, rows: Iterable[Sequence[Any]], file_format: FileFormat
) -> None:
    """Append rows to a piece."""
    text = io.TextIOWrapper(into.binary, encoding="utf-8", newline="")
    if file_format == FileFormat.CSV:
        writer = csv.writer(text)
        for row in rows:
            writer.writerow([csv_cell(plain(value)) for value in row])
    else:
        for row in rows:
            text.write(json.dumps([plain(value) for value in row], ensure_ascii=False) + "\n")
    text.flush()
    text.detach()


def join(
    *,
    into: ResultFile,
    head: Sequence[str],
    pieces: Iterable[BinaryIO],
    file_format: FileFormat,
    sheet: str,
    mark: Mark,
) -> None:
    """Write the whole file: its head, the pieces one after the other, and the watermark."""
    if file_format == FileFormat.XLSX:
        _join_workbook(into.binary, head, pieces, sheet, mark)
        return
    csv.writer(into.text).writerow([csv_cell(name) for name in head])
    into.text.flush()
    for piece in pieces:
        shutil.copyfileobj(piece, into.binary, COPIED_AT_ONCE)
    last = [csv_cell(f"# {mark.text}"), *[""] * (len(head) - 1)]
    csv.writer(into.text).writerow(last)


def _join_workbook(
    into: BinaryIO, head: Sequence[str], pieces: Iterable[BinaryIO], title: str, mark: Mark
) -> None:
    book = Workbook(write_only=True)
    text, who = (str(xlsx_cell(each)[0]) for each in (mark.text, mark.who))
    book.properties.creator = book.properties.lastModifiedBy = who
    book.properties.title, book.properties.description = title, text
    book.properties.created = mark.at.astimezone(UTC).replace(tzinfo=None)
    sheet: Any = book.create_sheet(title)
    sheet.freeze_panes = "A3"
    sheet.oddHeader.center.text = text.replace("&", "＆")  # which begins a code there
    sheet.append([text])
    for row in _rows(head, pieces):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            cell.value, cell.data_type = xlsx_cell(value)
            cells.append(cell)
        sheet.append(cells)
    book.save(into)


def _rows(head: Sequence[str], pieces: Iterable[BinaryIO]) -> Iterator[list[Any]]:
    yield list(head)
    for piece in pieces:
        for line in piece:
            yield json.loads(line)
