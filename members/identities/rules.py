"""What may stand as a name of a member in another system."""

from __future__ import annotations

import re

from core.kernel import letters

LONGEST = 128
_FORM = re.compile(r"[\x21-\x7e]{1,128}").fullmatch


class NotAnIdentifier(ValueError):
    """No other system would give such a name."""


def normalized(raw: str) -> str:
    """Return the name without spaces around it; full-width characters become plain.

    Raises:
        NotAnIdentifier: empty, too long, or with spaces, controls or letters beyond ASCII.
    """
    value = letters.normalized("NFKC", raw).strip()
    if not _FORM(value):
        raise NotAnIdentifier(raw)
    return value
