"""An XLSX is a zip from a stranger: every entry is inflated and counted before one is believed."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NoReturn
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
    from collections.abc import Iterator

MAX_ENTRIES = 1000
BLOCK = 256 * 1024
ENCRYPTED = 0x1
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
NESTED = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s")
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
        archive = zipfile.ZipFile(file)
        # Bytes before the first entry make the same file something else to another program.
        first = min((entry.header_offset for entry in archive.infolist()), default=0)
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, UnicodeError) as e:
        raise _damaged() from e
    if first != 0:
        raise FileRefused(
            "file_type",
            _("The file is an archive with something else in front of it."),
            Kind.UNSUPPORTED,
        )
    return archive


def _damaged() -> FileRefused:
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
            raise _damaged()
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
                    raise _damaged()
                is_first = False
                if prolog is not None and not prolog.is_over:
                    prolog.feed(block)
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise _damaged() from error


class Prolog:
    """Reads XML up to its first element: a declaration of entities can only stand before it."""

    def __init__(self) -> None:
        """Start in front of the document."""
        self.is_over = False
        self._parser = safe_parser()
        self._parser.StartElementHandler = self._at_root
        self._parser.XmlDeclHandler = self._at_declaration

    def feed(self, block: bytes) -> None:
        """Read on.

        Raises:
            FileRefused: a document type is declared, or this is not XML.
        """
        try:
            self._parser.Parse(block, False)
        except expat.ExpatError as error:
            raise _damaged() from error

    def _at_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        # Whoever writes another encoding hides tags from those who look at bytes, as we do.
        if encoding is not None and encoding.upper() not in {"UTF-8", "US-ASCII"}:
            raise _damaged()

    def _at_root(self, _name: str, _attributes: dict[str, str]) -> None:
        self.is_over = True
        self._parser.StartElementHandler = None


def safe_parser() -> expat.XMLParserType:
    """Return an expat parser that refuses document types, and with them every entity."""
    parser = expat.ParserCreate()

    def refuse(*_args: object) -> NoReturn:
        raise FileRefused(
            "xml_entities", _("The workbook declares XML entities, which no spreadsheet does.")
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser


def _note(found: SheetFacts, name: str, block: bytes) -> None:
    is_sheet = name.startswith("xl/worksheets/")
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
