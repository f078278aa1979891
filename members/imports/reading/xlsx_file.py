"""XLSX read as a stream, a block of its sheet at a time, in constant memory."""

from __future__ import annotations

import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from django.utils.translation import gettext as _

from members.imports.reading import archive
from members.imports.reading.cells import CellTexts
from members.imports.reading.ports import Batch, Fault, FileRefused, checked_headers
from members.imports.reading.quick_rows import QuickRows
from members.imports.reading.shared_texts import SharedTexts
from members.imports.reading.sheet import SheetReading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.imports.reading.cells import ReadRow
    from members.imports.reading.workbook import Workbook

BLOCK = 256 * 1024
ROWS_PER_BATCH = 12_000
# Cells that share a long text may come to far more than the file holds.
CHARACTERS_PER_BATCH, FAULTS_PER_BATCH = 16 * 1024**2, 100_000
QUICK_START = b"<sheetData"


class XlsxFile:
    """The first sheet of a workbook; its positions count rows, so going on reads past them."""

    def __init__(self, file: IO[bytes], book: Workbook) -> None:
        """Read ``file``, which ``inspect`` has vetted."""
        self._book = book
        self._opened = archive.open_archive(file)
        self._shared = SharedTexts(self._opened, book.strings_path)

    def headers(self) -> list[str]:
        """Return the names of the columns, or refuse a file that does not name them well."""
        for number, cells, problems in self._rows(skip=0):
            if number != 1:
                break
            if problems:
                raise FileRefused(
                    "header_missing", _("The first row must hold plain text, no formulas.")
                )
            return checked_headers(cells)
        raise FileRefused("header_missing", _("The first row must name the columns; it is empty."))

    def batches(self, position: dict[str, int]) -> Iterator[Batch]:
        """Yield what follows ``position``, some thousand rows at a time."""
        batch, characters = Batch(), 0
        for number, cells, problems in self._rows(skip=position.get("row", 1)):
            characters += sum(map(len, cells))
            batch.numbers.append(number)
            batch.rows.append(cells)
            for column, code in problems:
                batch.faults.append(Fault(number, column, code))
            is_large = characters > CHARACTERS_PER_BATCH or len(batch.faults) > FAULTS_PER_BATCH
            if is_large or len(batch.rows) >= ROWS_PER_BATCH:
                batch.position = {"row": number}
                yield batch
                batch, characters = Batch(), 0
        if batch.rows:
            batch.position = {"row": batch.numbers[-1]}
            yield batch

    def close(self) -> None:
        """Let go of the spooled texts; the file stays the caller's."""
        self._shared.close()
        self._opened.close()

    def _rows(self, skip: int) -> Iterator[ReadRow]:
        texts = CellTexts(self._shared, self._book)
        try:
            with self._opened.open(self._book.sheet_path) as stream:
                block = stream.read(BLOCK)
                # A sheet whose tags carry a prefix, or that starts with pages of settings.
                is_usual = QUICK_START in block
                reading = QuickRows(texts, skip) if is_usual else SheetReading(texts, skip)
                while block:
                    yield from reading.feed(block)
                    block = stream.read(BLOCK)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            raise FileRefused("file_damaged", _("The workbook is damaged.")) from error
