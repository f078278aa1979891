"""The texts that the cells of a workbook share, on disk instead of in memory."""

from __future__ import annotations

import mmap
import tempfile
from array import array
from typing import TYPE_CHECKING

from members.imports.reading import archive
from members.imports.reading.ports import MAX_CELL_CHARACTERS, MAX_XLSX_TEXTS

if TYPE_CHECKING:
    import zipfile

BLOCK = 256 * 1024


class SharedTexts:
    """The workbook's table of texts, spooled as far as it was asked for."""

    def __init__(self, opened: zipfile.ZipFile, path: str) -> None:
        """Read the table at ``path``; without one every text is missing."""
        self._ends = array("Q", [0])
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)
        self._map: mmap.mmap | bytes = b""
        self._stream = opened.open(path) if path in opened.namelist() else None
        self._texts: list[bytes] = []
        self._pieces: list[str] = []
        self._length = self._depth = 0
        self._inside = self._phonetic = False
        self._xml = archive.Xml(start=self._start, end=self._end, text=self._chars)

    def __getitem__(self, index: int) -> str:
        """Return one text.

        Raises:
            IndexError: the workbook has no such text.
            FileRefused: the table is damaged before it.
        """
        if index + 1 >= len(self._ends):
            self._read_up_to(index)
        if index < 0:
            raise IndexError(index)
        return self._map[self._ends[index] : self._ends[index + 1]].decode()

    def close(self) -> None:
        """Let go of the spool."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        if self._stream is not None:
            self._stream.close()
        self._spool.close()

    def _read_up_to(self, index: int) -> None:
        while index + 1 >= len(self._ends):
            block = self._stream.read(BLOCK) if self._stream is not None else b""
            if not block:
                break
            self._xml.feed(block)
            self._keep()
        if self._ends[-1] > len(self._map):
            if isinstance(self._map, mmap.mmap):
                self._map.close()
            self._spool.flush()
            self._map = mmap.mmap(self._spool.fileno(), 0, access=mmap.ACCESS_READ)

    def _keep(self) -> None:
        total = self._ends[-1]
        for text in self._texts:
            total += len(text)
            self._ends.append(total)
        if len(self._ends) > MAX_XLSX_TEXTS + 1:
            raise archive.damaged()  # Under a name where nobody has counted them.
        self._spool.write(b"".join(self._texts))
        self._texts.clear()

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > archive.MAX_DEPTH:
            raise archive.damaged()
        local = name.rpartition(":")[2]
        if local == "rPh":  # How a name is pronounced is no part of it.
            self._phonetic = True
        self._inside = local == "t" and not self._phonetic

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        self._inside = False
        self._depth -= 1
        if local == "rPh":
            self._phonetic = False
        elif local == "si":
            self._texts.append("".join(self._pieces)[: MAX_CELL_CHARACTERS + 1].encode())
            self._pieces.clear()
            self._length = 0

    def _chars(self, data: str) -> None:
        if self._inside and self._length <= MAX_CELL_CHARACTERS:
            self._pieces.append(data)
            self._length += len(data)
