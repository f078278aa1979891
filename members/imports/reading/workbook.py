"""What a workbook holds, told from its small parts: sheets, relations, styles."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from members.imports.reading import archive
from members.imports.reading.ports import FileRefused

if TYPE_CHECKING:
    import zipfile

MAX_PART_BYTES = 8 * 1024 * 1024
MAX_TAGS = 500_000  # of one part; each takes a hundred bytes and more
# What a spreadsheet program lets a workbook have, and a number format.
MAX_STYLES, MAX_CODE = 65_536, 255
# Number formats that show dates and times in every workbook (ECMA-376 §18.8.30), as numFmtId.
DATE_FORMATS = {str(i) for i in (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))}
LITERALS = re.compile(r'"[^"]*"|\\.|_.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)


@dataclass(frozen=True)
class Workbook:
    """Which sheet is read, and what is needed to read it."""

    sheet_name: str
    sheet_path: str
    strings_path: str
    date_styles: frozenset[str]
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
    if sheet is None or not book.sheet_path.startswith(archive.SHEETS):
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
    targets, names = _targets(opened), set(opened.namelist())
    first = sheets[0]
    relation = next((v for k, v in first.attrib.items() if k.endswith("}id")), "")
    settings = next((e for e in root.iter() if _local(e) == "workbookPr"), None)
    is_1904 = settings is not None and settings.get("date1904") in {"1", "true"}
    return Workbook(
        sheet_name=first.get("name", "")[:80],
        sheet_path=targets.get(relation, ("", ""))[1],
        strings_path=next(
            (p for kind, p in targets.values() if kind == "sharedStrings" and p in names), ""
        ),
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


def _date_styles(opened: zipfile.ZipFile) -> frozenset[str]:
    """Return the indexes of cell styles that show a number as a date or time."""
    if "xl/styles.xml" not in opened.namelist():
        return frozenset()
    root = _part(opened, "xl/styles.xml")
    own = {
        e.get("numFmtId", "0")
        for e in root.iter()
        if _local(e) == "numFmt" and _is_date_code(e.get("formatCode", ""))
    }
    cell_styles = next((e for e in root if _local(e) == "cellXfs"), Element("none"))
    formats = [style.get("numFmtId", "0") for style in cell_styles[:MAX_STYLES]]
    return frozenset(str(i) for i, f in enumerate(formats) if f in DATE_FORMATS or f in own)


def _is_date_code(code: str) -> bool:
    bare = LITERALS.sub("", code[:MAX_CODE].split(";", maxsplit=1)[0]).lower()
    return any(letter in bare for letter in "ydhs") or "mm" in bare


def _part(opened: zipfile.ZipFile, name: str) -> Element:
    """Return a small XML part.

    Raises:
        FileRefused: it is missing, too large, or not XML.
    """
    try:
        with opened.open(name) as stream:
            data = stream.read(MAX_PART_BYTES + 1)
        if len(data) <= MAX_PART_BYTES and data.count(b"<") <= MAX_TAGS:
            root: Element = fromstring(data, forbid_dtd=True)
            return root
    except (KeyError, ParseError, DefusedXmlException, ValueError) as error:
        raise FileRefused("file_damaged", _("The workbook is damaged.")) from error
    raise FileRefused("file_damaged", _("The workbook is damaged."))


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
