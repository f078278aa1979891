"""The one door: a file is vetted once when it comes in, and opened again for each reading."""

from __future__ import annotations

import io
import re
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel.letters import normalized
from members.imports.reading.csv_file import CsvFile, Dialect, sniff
from members.imports.reading.kinds import FileKind, kind_of
from members.imports.reading.ports import MAX_CSV_ROWS, FileRefused
from members.imports.reading.workbook import Workbook, inspect
from members.imports.reading.xlsx_file import XlsxFile

if TYPE_CHECKING:
    from members.imports.reading.ports import RowSource

SAMPLE_ROWS = 8
SAMPLE_CHARACTERS = 60
# Mobiles, and landlines with their area code; better one number too many than one too few.
PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}").fullmatch
VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}").fullmatch


def vet(file: IO[bytes]) -> dict[str, Any]:
    """Look at the whole file and return how to read it, its headers and its first rows.

    JSON values: ``source`` (for ``open_source``), ``headers``, ``sample``, ``row_estimate``.

    Raises:
        FileRefused: it is no table, or one that must not be read.
    """
    size = file.seek(0, io.SEEK_END)
    kind = kind_of(file, size)
    if kind == FileKind.CSV:
        dialect, rows = sniff(file)
        described: dict[str, Any] = {"kind": kind.value, **asdict(dialect)}
        if rows > MAX_CSV_ROWS:
            raise FileRefused(
                "too_many_rows",
                _("The file has more than %(limit)d rows. Split it and upload the parts.")
                % {"limit": MAX_CSV_ROWS},
            )
    else:
        book, rows = inspect(file)
        described = {
            "kind": kind.value,
            **asdict(book),
            "date_styles": sorted(book.date_styles),
            "epoch": book.epoch.isoformat(),
            "other_sheets": list(book.other_sheets),
        }
    source = open_source(file, described)
    try:
        headers = source.headers()
        sample = _sample(source, len(headers))
    finally:
        source.close()
    return {"source": described, "headers": headers, "sample": sample, "row_estimate": rows}


def open_source(file: IO[bytes], described: dict[str, Any]) -> RowSource:
    """Open a file that ``vet`` has seen, by what it said about it."""
    facts = {name: value for name, value in described.items() if name != "kind"}
    if described["kind"] == FileKind.CSV:
        return CsvFile(file, Dialect(**facts))
    facts["date_styles"] = frozenset(facts["date_styles"])
    facts["epoch"] = datetime.fromisoformat(facts["epoch"])
    facts["other_sheets"] = tuple(facts["other_sheets"])
    return XlsxFile(file, Workbook(**facts))


def _sample(source: RowSource, width: int) -> list[list[str]]:
    """Return the first rows that hold anything, short enough to show.

    Raises:
        FileRefused: there is none.
    """
    sample: list[list[str]] = []
    has_faults = False
    for batch in islice(source.batches({}), 3):
        has_faults = has_faults or bool(batch.faults)
        for row in batch.rows:
            if any(cell.strip() for cell in row):
                cells = [shown_cell(cell) for cell in row[:width]]
                sample.append(cells + [""] * (width - len(cells)))
            if len(sample) == SAMPLE_ROWS:
                return sample
    if not sample and not has_faults:
        raise FileRefused("no_rows", _("The file has no rows below its header."))
    return sample


def shown_cell(cell: str) -> str:
    """Return a cell as it is kept and shown: short, and without a whole phone number or VIN.

    The sample lies in a table in plain text, where the numbers of people must not.
    """
    text = "".join(c if c.isprintable() else "�" for c in cell.strip()[:SAMPLE_CHARACTERS])
    digits = re.sub(r"[\s()-]", "", normalized("NFKC", text)).removeprefix("+")
    if PHONE(digits.removeprefix("0086").removeprefix("86")):
        return f"{text[:3]}****{text[-4:]}"
    if VIN(text.upper()):
        return f"{text[:3]}****{text[-4:]}"
    return text
