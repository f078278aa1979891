"""The bytes of an export: pieces as its steps write them, and the file that they become.

Pieces hold no head. A piece of a CSV is the CSV's own bytes, so that joining only copies; a piece
of a workbook is a line of JSON per row, since a workbook is written in one go.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from core.exports.rules import FileFormat, csv_cell, plain, xlsx_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from core.files.services import ResultFile

COPIED_AT_ONCE = 1024 * 1024
# One step writes a workbook; with more rows it would take too long. A sheet ends at 1,048,576.
MOST_XLSX_ROWS = 100_000


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
) -> None:
    """Write the whole file: its head, then the pieces one after the other."""
    if file_format == FileFormat.XLSX:
        _join_workbook(into.binary, head, pieces, sheet)
        return
    csv.writer(into.text).writerow([csv_cell(name) for name in head])
    into.text.flush()
    for piece in pieces:
        shutil.copyfileobj(piece, into.binary, COPIED_AT_ONCE)


def _join_workbook(
    into: BinaryIO, head: Sequence[str], pieces: Iterable[BinaryIO], title: str
) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
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
