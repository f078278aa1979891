"""CSV as people save it: UTF-8, GB18030 or UTF-16; comma, semicolon or tab; sometimes broken."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.utils.translation import gettext as _

from members.imports.reading.kinds import HEAD_BYTES, utf16_order
from members.imports.reading.ports import (
    BATCH_BYTES,
    MAX_CELL_CHARACTERS,
    Batch,
    Fault,
    FileRefused,
    checked_headers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1024 * 1024
DELIMITERS = ",;\t"
# Ideographs, kana, punctuation and full-width forms: what a GB18030 table is made of.
PLAUSIBLE = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef\u2010-\u2027\u00b0-\u00b7]")
NOT_ASCII = re.compile(r"[^\x00-\x7f]")

# The module's limit, not ours alone; nobody else in the process reads CSV from strangers.
csv.field_size_limit(MAX_CELL_CHARACTERS)


@dataclass(frozen=True)
class Dialect:
    """How the bytes are to be read, found once when the file came in."""

    encoding: str
    delimiter: str
    start: int  # bytes of byte order mark in front

    @property
    def newline(self) -> bytes:
        """Return what ends a line, in the file's own encoding."""
        return "\n".encode(self.encoding)


def sniff(file: IO[bytes]) -> tuple[Dialect, int]:
    """Return how to read the file, and about how many rows of data it has. Decodes all of it.

    Raises:
        FileRefused: the bytes are text in none of the encodings we know.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    for encoding, start in _candidates(head):
        lines = _lines_if_readable(file, encoding, start)
        if lines is not None:
            first = head[start:].decode(encoding, "ignore").split("\n", 1)[0]
            return Dialect(encoding, _delimiter_of(first), start), max(lines - 1, 0)
    raise FileRefused(
        "encoding_unknown",
        _("The text is neither UTF-8, GB18030 nor UTF-16. Save the file as “CSV UTF-8”."),
    )


def _candidates(head: bytes) -> list[tuple[str, int]]:
    if head.startswith(codecs.BOM_UTF8):
        return [("utf-8", 3)]
    if head.startswith(codecs.BOM_UTF16_LE):
        return [("utf-16-le", 2)]
    if head.startswith(codecs.BOM_UTF16_BE):
        return [("utf-16-be", 2)]
    if order := utf16_order(head):
        return [(order, 0)]
    return [("utf-8", 0), ("gb18030", 0)]


def _lines_if_readable(file: IO[bytes], encoding: str, start: int) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(start)
    lines, foreign, plausible, last = 0, 0, 0, "\n"
    try:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            lines += text.count("\n")
            last = text[-1:] or last
            if encoding == "gb18030":
                foreign += len(NOT_ASCII.findall(text))
                plausible += len(PLAUSIBLE.findall(text))
        last = decoder.decode(b"", True)[-1:] or last
    except UnicodeDecodeError:
        return None
    # Nearly any bytes decode as GB18030; what is not mostly Chinese was something else.
    if foreign and plausible < 0.9 * foreign:
        return None
    return lines + (last != "\n")


def _delimiter_of(header: str) -> str:
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=outside_quotes.count)


class CsvFile:
    """A table in a CSV file; its positions are byte offsets, so going on costs one seek."""

    def __init__(self, file: IO[bytes], dialect: Dialect) -> None:
        """Read ``file``, which is seekable, in ``dialect``."""
        self._file = file
        self._dialect = dialect

    def headers(self) -> list[str]:
        """Return the names of the columns, or refuse a file that does not name them well."""
        return checked_headers(self._first()[0])

    def batches(self, position: dict[str, int]) -> Iterator[Batch]:
        """Yield what follows ``position``, about a megabyte at a time."""
        offset, number = position.get("offset", 0), position.get("row", 1)
        if not position:
            offset = self._first()[1]
        while block := self._block(offset):
            if block.was_cut:
                number += 1
                batch = Batch(faults=[Fault(number, None, "row_too_long")], spoilt={number})
                offset += block.size
            else:
                reading = _Lines(block.lines, self._dialect.delimiter, number)
                batch = reading.batch(is_last=self._ends_at(offset + block.size))
                number = reading.number
                offset += block.size - block.size_after(reading.taken)
            batch.position = {"offset": offset, "row": number}
            yield batch

    def close(self) -> None:
        """Nothing was taken; the file stays the caller's."""

    def _first(self) -> tuple[list[str], int]:
        """Return the cells of the first row, and where the second begins."""
        start = self._dialect.start
        block = self._block(start)
        reading = _Lines(block.lines if block else [], self._dialect.delimiter, 0)
        cells = reading.record()
        if cells is None or block is None:
            raise FileRefused(
                "header_missing", _("The first row, which names the columns, cannot be read.")
            )
        return cells, start + block.size - block.size_after(reading.taken)

    def _ends_at(self, offset: int) -> bool:
        self._file.seek(offset)
        return not self._file.read(1)

    def _block(self, offset: int) -> _Block | None:
        """Return whole lines from ``offset``, or word that one too long for us was stepped over."""
        self._file.seek(offset)
        data = self._file.read(BATCH_BYTES)
        if not data:
            return None
        newline = self._dialect.newline
        if len(data) == BATCH_BYTES:
            end = _last_newline(data, newline)
            if end < 0:
                return _Block(b"", [], newline, self._skip_line(offset, newline), was_cut=True)
            data = data[: end + len(newline)]
        lines = data.decode(self._dialect.encoding).split("\n")
        if not lines[-1]:
            lines.pop()  # What follows the last end of a line is no line.
        return _Block(data, lines, newline, len(data))

    def _skip_line(self, offset: int, newline: bytes) -> int:
        """Return how many bytes there are up to and with the next end of a line."""
        self._file.seek(offset)
        size = 0
        while data := self._file.read(BATCH_BYTES):
            found = _first_newline(data, newline)
            if found >= 0:
                return size + found + len(newline)
            size += len(data)
        return size


@dataclass(frozen=True, slots=True)
class _Block:
    data: bytes
    lines: list[str]
    newline: bytes
    size: int
    was_cut: bool = False

    def size_after(self, taken: int) -> int:
        """Return how many bytes the lines from ``taken`` on take up in the file."""
        if taken >= len(self.lines):
            return 0
        if len(self.newline) == 1:
            # By bytes and not by encoding again: not every decoding has one way back.
            return len(b"\n".join(self.data.split(b"\n")[taken:]))
        is_ended = self.data.endswith(self.newline)
        rest = "\n".join(self.lines[taken:]) + ("\n" if is_ended else "")
        return len(rest.encode("utf-16-le"))  # as long as in the other byte order


def _last_newline(data: bytes, newline: bytes) -> int:
    end = data.rfind(newline)
    while end % len(newline) and end > 0:
        end = data.rfind(newline, 0, end + len(newline) - 1)
    return end


def _first_newline(data: bytes, newline: bytes) -> int:
    found = data.find(newline)
    while found > 0 and found % len(newline):
        found = data.find(newline, found + 1)
    return found


class _Lines:
    """Records out of the lines of one block, with a way back from a quote that never closes."""

    def __init__(self, lines: list[str], delimiter: str, number: int) -> None:
        self._lines, self._delimiter = lines, delimiter
        self.number = number  # of the last record read
        self.taken = 0  # lines that belong to records already read
        self._next = 0
        self._reader = self._fresh()

    def _fresh(self) -> Iterator[list[str]]:
        return csv.reader(self._feed(), delimiter=self._delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        while self._next < len(self._lines):
            line = self._lines[self._next]
            self._next += 1
            yield line + "\n"

    def record(self) -> list[str] | None:
        """Return the next record, or None if there is none or it cannot be read."""
        try:
            cells = next(self._reader)
        except (csv.Error, StopIteration):
            return None
        self.taken = self._next
        return cells

    def batch(self, *, is_last: bool) -> Batch:
        """Read every record that is whole; the last block's rest is taken as it is."""
        batch = Batch()
        add_row, add_number = batch.rows.append, batch.numbers.append
        while self.taken < len(self._lines):
            try:
                for cells in self._reader:
                    self.number += 1
                    self.taken = self._next
                    if cells:
                        add_row(cells)
                        add_number(self.number)
                break
            except csv.Error as error:
                if not self._may_skip(is_last=is_last):
                    break
                self._skip(batch, str(error))
        return batch

    def _may_skip(self, *, is_last: bool) -> bool:
        """Whether a broken record is really broken, and not just cut off by the block's end."""
        return is_last or self._next < len(self._lines) or self.taken == 0

    def _skip(self, batch: Batch, error: str) -> None:
        """Count the line where the trouble began as a bad row and go on with the line after it."""
        self.number += 1
        if "field limit" in error and self._next == self.taken + 1:
            code = "cell_too_long"
        elif "field limit" in error or "unexpected end" in error:
            code = "quote_not_closed"
        else:
            code = "row_unreadable"
        batch.faults.append(Fault(self.number, None, code))
        batch.spoilt.add(self.number)
        self.taken += 1
        self._next = self.taken
        self._reader = self._fresh()
