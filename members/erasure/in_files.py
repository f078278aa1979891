"""Whether a stored file holds somebody: CSV in any encoding we read, workbooks, zip files."""

from __future__ import annotations

import codecs
import html
import re
import zipfile
from typing import IO, TYPE_CHECKING, Any

from django.db import connection

from core.files import services as files
from core.files.models import StoredFile
from members.erasure.rules import phones_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Searching
    from members.erasure.rules import Traces

# One step reads about so much, in so many files, and looks back over so much of the block before.
READ_AT_ONCE, FILES_AT_ONCE, BLOCK, OVERLAP = 16 * 1024**2, 50, 1024**2, 256
ZIP = b"PK\x03\x04"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
TAGS = re.compile(r"<[^<>]*>")
BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[ \u00a0.\-]+(?=[0-9])")


def step(searching: Searching) -> Any:
    """Empty the next files that hold somebody; a file that cannot be read goes too.

    The rest of such a file is not rewritten: what it brought in is in the tables, and a result can
    be written again.
    """
    pattern = searching.traces.pattern(masks=True)
    if not pattern:
        return None
    rows = StoredFile.objects.filter(brand_id=searching.brand_id, pk__gt=int(searching.at or 0))
    read, last = 0, None
    for stored in rows.order_by("pk")[:FILES_AT_ONCE]:
        last, read = stored.pk, read + stored.size_bytes
        name = searching.traces.without(stored.name)
        if name != stored.name or holds(stored, searching.traces):
            files.empty_file(stored=stored, name=name, now=searching.now)
        if read > READ_AT_ONCE:
            break
    return last


def holds(stored: StoredFile, traces: Traces) -> bool:
    """Whether anybody's traces are in the file."""
    found, forms = re.compile(traces.pattern(masks=True)), traces.texts(masks=True)
    phones = phones_of(traces)
    try:
        with files.open_bytes(stored=stored) as file:
            for text in _texts(file):
                squeezed = BETWEEN_DIGITS.sub("", text) if phones else ""
                if any(phone in squeezed for phone in phones):
                    return True
                # Whether a text is there at all is found out much faster than how it is bounded.
                if any(form in text for form in forms) and found.search(text):
                    return True
                _stay_awake()
    except files.FileGone:
        return False
    except (OSError, ValueError, zipfile.BadZipFile):
        return True
    return False


def _stay_awake() -> None:
    """PostgreSQL ends a transaction that says nothing for a minute; a large file takes longer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _texts(file: IO[bytes]) -> Iterator[str]:
    head = file.read(4)
    file.seek(0)
    if head != ZIP:
        yield from _blocks(file, _encoding(file))
        return
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            with archive.open(name) as part:
                for text in _blocks(part, "utf-8"):
                    yield html.unescape(TAGS.sub(" ", text))


def _encoding(file: IO[bytes]) -> str:
    """Return how a text is written; its first letter that is no ASCII may stand far behind."""
    decoder, block = codecs.getincrementaldecoder("utf-8")(), file.read(BLOCK)
    marked = (encoding for mark, encoding in MARKS.items() if block.startswith(mark))
    found = next(marked, "")
    try:
        while block and not found:
            decoder.decode(block)
            block = file.read(BLOCK)
    except UnicodeDecodeError:
        found = "gb18030"
    file.seek(0)
    return found or "utf-8"


def _blocks(file: IO[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    before = ""
    while block := file.read(BLOCK):
        text = before + decoder.decode(block)
        yield text
        before = text[-OVERLAP:]
