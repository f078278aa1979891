"""File names as people give them, made safe to show, to store and to send in a header."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

from core.kernel.letters import normalized

MAX_CHARACTERS = 120
MAX_BYTES = 200  # File systems take 255; a browser adds " (1)" and ".part".
MAX_SUFFIX = 12
FALLBACK = "file"
# Path separators and what Windows refuses in a name.
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
# Cc: CR, LF, NUL. Cf: direction overrides, zero-width. Co, Cs, Cn: no meaning of their own.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

# How spreadsheets begin a formula, also in full width.
_FORMULA = frozenset("=+-@＝＋－＠")
# What may stand before it unseen: Cc and Cf are controls and zero-width, Z* are spaces.
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def inert_cell(text: str) -> str:
    """Return the text as a cell of a CSV that no spreadsheet runs: a formula gets an apostrophe.

    So does whatever begins with a tab, a line break or NUL; NUL itself goes, as files and
    databases refuse it.
    """
    plain = text.replace("\0", "")
    first = next((c for c in plain if unicodedata.category(c) not in _INVISIBLE), "")
    return f"'{plain}" if first in _FORMULA or text[:1] in {"\t", "\r", "\n", "\0"} else plain


def safe_name(raw: str) -> str:
    """Return ``raw`` without folders, controls and direction tricks, short, with its suffix.

    ``report\\u202efdp.exe`` cannot pose as a PDF afterwards: the override is gone and the true
    suffix shows.
    """
    name = raw.replace("\\", "/").rsplit("/", 1)[-1]
    name = normalized("NFC", name)
    name = "".join(c for c in name if unicodedata.category(c) not in _UNSAFE_CATEGORIES)
    name = " ".join(name.translate(_FORBIDDEN).split()).strip(". ")
    if not name:
        return FALLBACK
    suffix = PurePosixPath(name).suffix
    if len(suffix) > MAX_SUFFIX:
        suffix = ""
    stem = name.removesuffix(suffix)[: MAX_CHARACTERS - len(suffix)]
    while len((stem + suffix).encode()) > MAX_BYTES:
        stem = stem[:-1]
    return stem.rstrip(". ") + suffix or FALLBACK
