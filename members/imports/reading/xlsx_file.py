"""XLSX read as a stream by expat: a row at a time, shared texts on disk, memory constant."""

from __future__ import annotations

import mmap
import posixpath
import re
import tempfile
from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from members.imports.reading import archive
from members.imports.reading.ports import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    Batch,
    Fault,
    FileRefused,
    checked_headers,
)

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

BLOCK = 256 * 1024
ROWS_PER_BATCH = 5000
MAX_PART_BYTES = 8 * 1024 * 1024  # of a part that is read whole: names of sheets, styles
# Number formats 14–22 and 45–47 are dates and times in every workbook (ECMA-376 §18.8.30).
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
LITERALS = re.compile(r'"[^"]*"|\\.|_.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
FORMULA, ERROR, LONG = "formula", "cell_error", "cell_too_long"


@dataclass(frozen=True)
class Workbook:
    """Which sheet is read, and what is needed to read it."""

    sheet_name: str
    sheet_path: str
    strings_path: str
    date_styles: frozenset[int]
    epoch: datetime
    other_sheets: tuple[str, ...]


def inspect(file: IO[bytes]) -> tuple[Workbook, int]:
    """Vet a workbook and return its first sheet, with how many rows of data it may hold.

    Raises:
        FileRefused: see ``archive.vet``; also hidden sheets and merged cells, by name.
    """
    facts = archive.vet(file)
    with archive.open_archive(file) as opened:
        book = _workbook(opened)
    sheet = facts.get(book.sheet_path)
    if sheet is None:
        raise FileRefused("not_a_workbook", _("The workbook holds no sheet with rows."))
    if sheet.has_merged_cells:
        raise FileRefused(
            "merged_cells",
            _("Sheet “%(sheet)s” has merged cells. Unmerge them, so that each row is complete.")
            % {"sheet": book.sheet_name},
        )
    return book, max(sheet.rows - 1, 0)


def _workbook(opened: zipfile.ZipFile) -> Workbook:
    root = _part(opened, "xl/workbook.xml")
    sheets = [e for e in root.iter() if _local(e) == "sheet"]
    if not sheets:
        raise FileRefused("not_a_workbook", _("The workbook holds no sheet with rows."))
    for sheet in sheets:
        if sheet.get("state", "visible") != "visible":
            raise FileRefused(
                "hidden_sheet",
                _("The workbook has a hidden sheet “%(sheet)s”. Unhide or delete it.")
                % {"sheet": sheet.get("name", "")[:80]},
            )
    targets = _targets(opened)
    first = sheets[0]
    relation = next((v for k, v in first.attrib.items() if k.endswith("}id")), "")
    settings = next((e for e in root.iter() if _local(e) == "workbookPr"), None)
    is_1904 = settings is not None and settings.get("date1904") in {"1", "true"}
    return Workbook(
        sheet_name=first.get("name", "")[:80],
        sheet_path=targets.get(relation, ("", ""))[1],
        strings_path=next((p for kind, p in targets.values() if kind == "sharedStrings"), ""),
        date_styles=_date_styles(opened),
        # Excel counts a 29 February 1900 that never was; from March 1900 this epoch is right.
        epoch=datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30),  # noqa: DTZ001  (cells have no zone)
        other_sheets=tuple(s.get("name", "")[:80] for s in sheets[1:20]),
    )


def _targets(opened: zipfile.ZipFile) -> dict[str, tuple[str, str]]:
    """Return relation id → (kind, path inside the archive)."""
    found: dict[str, tuple[str, str]] = {}
    for relation in _part(opened, "xl/_rels/workbook.xml.rels"):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        kind = relation.get("Type", "").rsplit("/", 1)[-1]
        found[relation.get("Id", "")] = (kind, posixpath.normpath(path))
    return found


def _date_styles(opened: zipfile.ZipFile) -> frozenset[int]:
    """Return the indexes of cell styles that show a number as a date or time."""
    if "xl/styles.xml" not in opened.namelist():
        return frozenset()
    root = _part(opened, "xl/styles.xml")
    own = {
        int(e.get("numFmtId", "0"))
        for e in root.iter()
        if _local(e) == "numFmt" and _is_date_code(e.get("formatCode", ""))
    }
    cell_styles = next((e for e in root if _local(e) == "cellXfs"), Element("none"))
    formats = [int(style.get("numFmtId", "0")) for style in cell_styles]
    return frozenset(i for i, f in enumerate(formats) if f in DATE_FORMATS or f in own)


def _is_date_code(code: str) -> bool:
    bare = LITERALS.sub("", code.split(";")[0]).lower()
    return any(letter in bare for letter in "ydhs") or "mm" in bare


def _part(opened: zipfile.ZipFile, name: str) -> Element:
    """Return a small XML part.

    Raises:
        FileRefused: it is missing, too large, or not XML.
    """
    try:
        with opened.open(name) as stream:
            data = stream.read(MAX_PART_BYTES + 1)
        if len(data) <= MAX_PART_BYTES:
            root: Element = fromstring(data, forbid_dtd=True)
            return root
    except (KeyError, ParseError, DefusedXmlException, ValueError) as error:
        raise FileRefused("file_damaged", _("The workbook is damaged.")) from error
    raise FileRefused("file_damaged", _("The workbook is damaged."))


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


class SharedTexts:
    """The workbook's table of texts, kept in a file: it may be larger than our memory."""

    def __init__(self, opened: zipfile.ZipFile, path: str) -> None:
        """Spool the table of ``path``; none is an empty table."""
        self._ends = array("Q", [0])
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)
        if path and path in opened.namelist():
            self._read(opened, path)
        self._spool.flush()
        size = self._ends[-1]
        self._map = mmap.mmap(self._spool.fileno(), size, access=mmap.ACCESS_READ) if size else b""

    def __getitem__(self, index: int) -> str:
        """Return one text.

        Raises:
            IndexError: the workbook has no such text.
        """
        if index < 0:
            raise IndexError(index)
        return self._map[self._ends[index] : self._ends[index + 1]].decode()

    def close(self) -> None:
        """Let go of the spool."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        self._spool.close()

    def _read(self, opened: zipfile.ZipFile, path: str) -> None:
        parser = archive.safe_parser()
        parser.buffer_text = True
        texts: list[bytes] = []
        pieces: list[str] = []
        inside = phonetic = False

        def start(name: str, _attributes: dict[str, str]) -> None:
            nonlocal inside, phonetic
            local = name.rpartition(":")[2]
            if local == "rPh":  # How a name is pronounced is not part of it.
                phonetic = True
            inside = local == "t" and not phonetic

        def end(name: str) -> None:
            nonlocal inside, phonetic
            local = name.rpartition(":")[2]
            inside = False
            if local == "rPh":
                phonetic = False
            elif local == "si":
                texts.append("".join(pieces)[: MAX_CELL_CHARACTERS + 1].encode())
                pieces.clear()

        def text(data: str) -> None:
            if inside:
                pieces.append(data)

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = text
        with opened.open(path) as stream:
            while block := stream.read(BLOCK):
                parser.Parse(block, False)
                self._keep(texts)
                texts.clear()

    def _keep(self, texts: list[bytes]) -> None:
        total = self._ends[-1]
        for text in texts:
            total += len(text)
            self._ends.append(total)
        self._spool.write(b"".join(texts))


    """What expat's handlers fill while a sheet goes by."""

    rows: list[tuple[int, list[str], list[tuple[int, str]]]] = field(default_factory=list)
    count: int = 0


class XlsxFile:
    """The first sheet of a workbook; its positions count rows, so going on reads past them."""

    def __init__(self, file: IO[bytes], book: Workbook) -> None:
        """Read ``file``, which ``inspect`` has vetted."""
        self._file = file
        self._book = book
        self._opened = archive.open_archive(file)
        self._texts: SharedTexts | None = None

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
        last = position.get("row", 1)
        batch = Batch()
        for number, cells, problems in self._rows(skip=last):
            batch.numbers.append(number)
            batch.rows.append(cells)
            for column, code in problems:
                batch.faults.append(Fault(number, column, code))
            if len(batch.rows) >= ROWS_PER_BATCH:
                batch.position = {"row": number}
                yield batch
                batch = Batch()
            last = number
        if batch.rows:
            batch.position = {"row": last}
            yield batch

    def close(self) -> None:
        """Let go of the file and of the spooled texts."""
        if self._texts is not None:
            self._texts.close()
        self._opened.close()
        self._file.close()

    def _rows(self, skip: int) -> Iterator[tuple[int, list[str], list[tuple[int, str]]]]:
        if self._texts is None:
            self._texts = SharedTexts(self._opened, self._book.strings_path)
        reading = SheetReading(self._texts, self._book, skip)
        try:
            with self._opened.open(self._book.sheet_path) as stream:
                while block := stream.read(BLOCK):
                    yield from reading.feed(block)
        except expat.ExpatError as error:
            raise FileRefused("file_damaged", _("The workbook is damaged.")) from error


class SheetReading:
    """Turns the XML of one sheet into rows of text, with what cannot be taken as text noted."""

    def __init__(self, texts: SharedTexts, book: Workbook, skip: int) -> None:
        """Leave out rows up to number ``skip``."""
        self._texts, self._book, self._skip = texts, book, skip
        self._dates: dict[str, str] = {}
        self._done: list[tuple[int, list[str], list[tuple[int, str]]]] = []
        self._parser = archive.safe_parser()
        self._parser.buffer_text = True
        self._install()

    def feed(self, block: bytes) -> list[tuple[int, list[str], list[tuple[int, str]]]]:
        """Return the rows that ``block`` completes."""
        self._parser.Parse(block, False)
        done = self._done
        self._done = []
        return done

    def _install(self) -> None:  # noqa: C901  (closures share the state of one cell: this is the hot path)
        parser = self._parser
        number, column, kind, style = 0, -1, "", ""
        cells: list[str] = []
        problems: list[tuple[int, str]] = []
        pieces: list[str] = []
        inside = phonetic = False
        columns: dict[str, int] = {}
        names: dict[str, str] = {}

        def local(name: str) -> str:
            found = names.get(name)
            if found is None:
                found = names[name] = name.rpartition(":")[2]
            return found

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal number, column, kind, style, inside, phonetic, cells, problems
            name = local(name)
            if name == "c":
                reference = attributes.get("r")
                column = column + 1 if reference is None else column_of(reference, columns)
                kind, style = attributes.get("t", "n"), attributes.get("s", "")
                pieces.clear()
            elif name in {"v", "t"}:
                inside = not phonetic
            elif name == "row":
                number = row_number(attributes.get("r"), number)
                column, cells, problems = -1, [], []
            elif name == "f":
                problems.append((column, FORMULA))
            elif name == "rPh":
                phonetic = True

        def end(name: str) -> None:
            nonlocal inside, phonetic
            name = local(name)
            if name == "c":
                if pieces and number > self._skip and column < MAX_COLUMNS:
                    while len(cells) < column:
                        cells.append("")
                    cells.append(self._text(kind, style, "".join(pieces), column, problems))
                elif pieces and column >= MAX_COLUMNS:
                    raise too_many_columns()
            elif name in {"v", "t"}:
                inside = False
            elif name == "row":
                if number > self._skip and (cells or problems):
                    self._done.append((number, cells, problems))
            elif name == "rPh":
                phonetic = False

        def text(data: str) -> None:
            if inside:
                pieces.append(data)

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = text

    def _text(
        self, kind: str, style: str, raw: str, column: int, problems: list[tuple[int, str]]
    ) -> str:
        if kind == "s":
            try:
                found = self._texts[int(raw)]
            except (ValueError, IndexError):
                problems.append((column, ERROR))
                return ""
        elif kind == "n":
            if style and int(style) in self._book.date_styles:
                return self._date(raw)
            return raw.removesuffix(".0")
        elif kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        elif kind == "e":
            problems.append((column, ERROR))
            return raw[:20]
        else:
            found = raw
        if len(found) > MAX_CELL_CHARACTERS:
            problems.append((column, LONG))
            return found[:100]
        return found

    def _date(self, raw: str) -> str:
        """Return a serial number as ISO text; one that is none stays as it is, to be refused."""
        if raw not in self._dates:
            if len(self._dates) > 50_000:
                self._dates.clear()
            self._dates[raw] = _iso(raw, self._book.epoch)
        return self._dates[raw]


def _iso(raw: str, epoch: datetime) -> str:
    try:
        moment = epoch + timedelta(seconds=round(float(raw) * 86400))
    except (ValueError, OverflowError):
        return raw
    return moment.isoformat(" ") if moment.time() != datetime.min.time() else str(moment.date())


def column_of(reference: str, known: dict[str, int]) -> int:
    """Return the index of a cell reference such as B12.

    Raises:
        FileRefused: it is none, or beyond what a spreadsheet has.
    """
    letters = reference.rstrip("0123456789")
    index = known.get(letters)
    if index is None:
        index = 0
        if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
            raise FileRefused("file_damaged", _("The workbook is damaged."))
        for letter in letters.upper():
            index = index * 26 + ord(letter) - 64
        index -= 1
        known[letters] = index
    return index


def row_number(reference: str | None, last: int) -> int:
    """Return the number of a row; rows that go backwards are none.

    Raises:
        FileRefused: the reference is no number, or not above the last one.
    """
    if reference is None:
        return last + 1
    if not reference.isdigit() or len(reference) > 7 or int(reference) <= last:
        raise FileRefused("file_damaged", _("The workbook is damaged."))
    return int(reference)


def too_many_columns() -> FileRefused:
    """Return the refusal of a sheet that is too wide."""
    return FileRefused(
        "too_many_columns", _("The file has more than %(limit)d columns.") % {"limit": MAX_COLUMNS}
    )
