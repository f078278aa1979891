"""An XLSX is a zip from a stranger: every entry is inflated and counted before one is believed."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NoReturn, cast
from xml.parsers import expat

from django.utils.translation import gettext as _

from core.kernel.errors import Kind
from members.imports.reading.ports import (
    MAX_INFLATED_BYTES,
    MAX_XLSX_ROWS,
    MAX_XLSX_TEXTS,
    FileRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_ENTRIES = 1000
MAX_DIRECTORY_BYTES = 1024 * 1024
BLOCK = 256 * 1024
ENCRYPTED = 0x1
SHEETS = "xl/worksheets/"  # whose rows are counted; no program keeps sheets elsewhere
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
NESTED = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s")
MAX_TOKEN_BYTES = 1024 * 1024
MAX_NAMES = 5000
MAX_DEPTH = 100
LONGEST_TAG = 64  # what a block's end may hold of a tag that the next block completes


@dataclass(slots=True)
class SheetFacts:
    """What one pass over a sheet's bytes tells. ``rows`` counts elements, whatever it says."""

    rows: int = 0
    texts: int = 0
    has_merged_cells: bool = False
    carry: bytes = b""


def vet(file: IO[bytes], *, inflated_limit: int = MAX_INFLATED_BYTES) -> dict[str, SheetFacts]:
    """Inflate everything once and return the facts of each XML part under its name.

    Raises:
        FileRefused: 413 for more than ``inflated_limit`` bytes; 422 for a damaged or protected
            archive, one inside another, a path that leaves it, a link, or XML that declares
            entities.
    """
    archive = open_archive(file)
    facts: dict[str, SheetFacts] = {}
    inflated = 0
    with archive:
        for entry in _checked_entries(archive):
            found = facts.setdefault(entry.filename, SheetFacts())
            for block in _inflate(archive, entry):
                inflated += len(block)
                if inflated > inflated_limit:
                    raise FileRefused(
                        "file_too_large",
                        _(
                            "Unpacked, the workbook is larger than %(limit)d MB."
                            " Split it, or use CSV."
                        )
                        % {"limit": inflated_limit // 1024 // 1024},
                        Kind.TOO_LARGE,
                    )
                _note(found, entry.filename, block)
    return facts


def open_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """Open a zip.

    Raises:
        FileRefused: it is damaged, cut short, or wrapped in something else.
    """
    file.seek(0)
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", _Directory(file)))
        archive.fp = file
        # Bytes before the first entry make the same file something else to another program.
        first = min((entry.header_offset for entry in archive.infolist()), default=0)
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, UnicodeError) as e:
        raise damaged() from e
    if first != 0:
        raise FileRefused(
            "file_type",
            _("The file is an archive with something else in front of it."),
            Kind.UNSUPPORTED,
        )
    return archive


class _Directory:
    """A file as ``zipfile`` sees it while it reads, at one go, the list of what is inside.

    The list of a large upload could name millions of parts; how many there are is known only when
    all are in memory.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("The directory is too large.")
        return self._file.read(size)


def damaged() -> FileRefused:
    """Return the refusal of a workbook that holds what no spreadsheet program writes."""
    return FileRefused(
        "file_damaged", _("The workbook is damaged or was cut short. Save it again and upload it.")
    )


def _checked_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise FileRefused("archive_entries", _("The workbook holds too many parts."))
    names = {entry.filename for entry in entries}
    if len(names) != len(entries):
        raise FileRefused("archive_entries", _("The workbook holds two parts of the same name."))
    for entry in entries:
        if entry.flag_bits & ENCRYPTED:
            raise FileRefused(
                "file_protected",
                _("The workbook is protected by a password. Remove it in Excel and upload again."),
            )
        parts = entry.orig_filename.replace("\\", "/").split("/")
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        if is_link or ".." in parts or parts[0] == "" or ":" in parts[0] or "\0" in parts[-1]:
            raise FileRefused(
                "archive_path", _("The workbook holds a part that points outside of it.")
            )
        if entry.compress_type not in METHODS:
            raise damaged()
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise FileRefused("not_a_workbook", _("This zip archive is not an Excel workbook (.xlsx)."))
    return entries


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of an entry; an XML part must reach its root without a declaration."""
    is_xml = entry.filename.endswith((".xml", ".rels", ".vml"))
    prolog = Prolog() if is_xml else None
    is_first = True
    try:
        with archive.open(entry) as stream:
            while block := stream.read(BLOCK):
                if is_first and block.startswith(NESTED):
                    raise FileRefused("archive_nested", _("The workbook holds another archive."))
                if is_first and is_xml and block.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise damaged()
                is_first = False
                if prolog is not None and not prolog.is_over:
                    prolog.feed(block)
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise damaged() from error


class Prolog:
    """Reads XML up to its first element: a declaration of entities can only stand before it."""

    def __init__(self) -> None:
        """Start in front of the document."""
        self.is_over = False
        self._xml = Xml(start=self._at_root, declaration=self._at_declaration)

    def feed(self, block: bytes) -> None:
        """Read on.

        Raises:
            FileRefused: a document type is declared, or this is not XML.
        """
        self._xml.feed(block)

    def _at_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        # Whoever writes another encoding hides tags from those who look at bytes, as we do.
        if encoding is not None and encoding.upper() not in {"UTF-8", "US-ASCII"}:
            raise damaged()

    def _at_root(self, _name: str, _attributes: dict[str, str]) -> None:
        self.is_over = True


class Xml:
    """Expat for XML from strangers, a block at a time: no more memory or time than it is worth.

    Refused are document types, and with them every entity; a tag or comment that does not end,
    because each block reads it again from its start; and more different names than any
    spreadsheet has, because all are kept.
    """

    def __init__(
        self,
        *,
        start: Callable[[str, dict[str, str]], object],
        end: Callable[[str], object] | None = None,
        text: Callable[[str], object] | None = None,
        declaration: Callable[[str, str | None, int], object] | None = None,
    ) -> None:
        """Tell what is found to these; text is UTF-8, whatever it says."""
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_entities
        parser.EntityDeclHandler = _refuse_entities
        parser.ExternalEntityRefHandler = _refuse_entities
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler, parser.XmlDeclHandler = text, declaration
        self._fed = 0

    def feed(self, block: bytes) -> None:
        """Read on.

        Raises:
            FileRefused: this is not XML, or none that we read.
        """
        try:
            self._parser.Parse(block, False)
        except expat.ExpatError as error:
            raise damaged() from error
        self._fed += len(block)
        unread = self._fed - self._parser.CurrentByteIndex
        if unread > MAX_TOKEN_BYTES or len(self._parser.intern) > MAX_NAMES:
            raise damaged()


def _refuse_entities(*_args: object) -> NoReturn:
    raise FileRefused(
        "xml_entities", _("The workbook declares XML entities, which no spreadsheet does.")
    )


def _note(found: SheetFacts, name: str, block: bytes) -> None:
    is_sheet = name.startswith(SHEETS)
    if not is_sheet and "sharedStrings" not in name:
        return
    data = found.carry + block
    cut = max(data.rfind(b"<"), len(data) - LONGEST_TAG)
    found.carry = data[cut:]
    if is_sheet:
        found.rows += len(ROW.findall(data, 0, cut))
        found.has_merged_cells = found.has_merged_cells or bool(MERGED.search(data, 0, cut))
    else:
        found.texts += len(TEXT.findall(data, 0, cut))
    if found.rows > MAX_XLSX_ROWS + 1 or found.texts > MAX_XLSX_TEXTS:
        raise FileRefused(
            "too_many_rows",
            _("The workbook has more than %(limit)d rows. Split it, or save it as CSV.")
            % {"limit": MAX_XLSX_ROWS},
        )
