"""What a file really is, told from its bytes and never from its name."""

from __future__ import annotations

import re
import struct
from enum import StrEnum
from typing import IO

from django.utils.translation import gettext as _

from core.kernel.errors import Kind
from members.imports.reading.ports import FileRefused

HEAD_BYTES = 8192
MAX_PIXELS = 50_000_000
MAX_CONTROL_RATIO = 0.02

# Office documents before 2007, and every password-protected one since (MS-OFFCRYPTO).
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
ZIP = b"PK\x03\x04"
PNG = b"\x89PNG\r\n\x1a\n"
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
STARTS_OF_OTHERS = (
    b"%PDF",
    b"PK\x05\x06",
    b"\x7fELF",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"{\\rtf",
    b"SQLite format",
)
# Anywhere in the head: such a file shows one face here and another to a browser or a reader.
FACES = re.compile(rb"%PDF-\d|<\s*(?:!doctype|html|svg|script|\?xml|\?php|iframe|object)\b", re.I)
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
BOMS_OF_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class FileKind(StrEnum):
    """What we can read."""

    CSV = "csv"
    XLSX = "xlsx"


def kind_of(file: IO[bytes], size: int) -> FileKind:
    """Return what the bytes are.

    Raises:
        FileRefused: empty (422), protected by a password (422), or something else (415).
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise FileRefused("file_empty", _("The file is empty."))
    if head.startswith(ZIP):
        return FileKind.XLSX
    if head.startswith(OLE):
        _refuse_ole(file, size)
    if head.startswith(PNG):
        _refuse_huge_picture(head)
    if _is_something_else(head):
        raise FileRefused(
            "file_type",
            _(
                "This is not a CSV or XLSX file."
                " Save the table as one of these and upload it again."
            ),
            Kind.UNSUPPORTED,
        )
    return FileKind.CSV


def _is_something_else(head: bytes) -> bool:
    if head.startswith((OLE, PNG, *STARTS_OF_OTHERS)) or EICAR in head or FACES.search(head):
        return True
    if head.startswith((b"MZ", b"BM")) and b"\x00" in head:  # Words begin so, too: BMW.
        return True
    if head.startswith(BOMS_OF_UTF16) or _looks_like_utf16(head):
        return False
    return len(CONTROL.findall(head)) > MAX_CONTROL_RATIO * len(head) + 4


def _looks_like_utf16(head: bytes) -> bool:
    """Whether every second byte is often NUL: Latin letters and digits in UTF-16."""
    even, odd = head[0:400:2].count(0), head[1:400:2].count(0)
    half = min(len(head), 400) // 2
    return max(even, odd) > 0.3 * half and min(even, odd) < 0.05 * half + 1


def utf16_order(head: bytes) -> str:
    """Return the codec of UTF-16 text without a byte order mark, or nothing if it is not."""
    if not _looks_like_utf16(head):
        return ""
    return "utf-16-be" if head[0:400:2].count(0) > head[1:400:2].count(0) else "utf-16-le"


def _refuse_ole(file: IO[bytes], size: int) -> None:
    """Tell a protected workbook from an old one: its directory names the encrypted stream."""
    step = 1024 * 1024
    tail = b""
    file.seek(0)
    for _start in range(0, min(size, 64 * step), step):
        block = file.read(step)
        if ENCRYPTED_STREAM in tail + block:
            raise FileRefused(
                "file_protected",
                _("The workbook is protected by a password. Remove it in Excel and upload again."),
            )
        tail = block[-64:]
    raise FileRefused(
        "file_type",
        _("This is an old Excel file (.xls). Save it as .xlsx or CSV and upload it again."),
        Kind.UNSUPPORTED,
    )


def _refuse_huge_picture(head: bytes) -> None:
    """Refuse a picture that would fill the memory of whoever opens it, by its declared size."""
    if len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        if width * height > MAX_PIXELS:
            raise FileRefused(
                "picture_too_large",
                _("This is a picture of %(width)d × %(height)d pixels, not a table.")
                % {"width": width, "height": height},
            )
