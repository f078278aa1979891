"""What a vehicle model may be called."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from core.kernel.errors import InvalidInput
from members.profiles.rules import MixedAlphabets, NotAName, normalized_name

MOST_MODELS = 200  # a list to choose from; more would be versions and colors, which are no models
LONGEST_CODE = 32
CODE = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_is_code = re.compile(CODE).fullmatch
# As imports read cells: "E7 Pro" is "e7pro" there, and "E7 Pro+" is another.
_SAYS_NOTHING = re.compile(r"[\s_\-./()【】\[\]:*#]+")


def checked_code(raw: str) -> str:
    """Return a code as files and other systems write it.

    Raises:
        InvalidInput: on ``/code``.
    """
    code = raw.strip()
    if not code:
        raise InvalidInput.on("/code", _("A code is needed."), "required")
    if len(code) > LONGEST_CODE or not _is_code(code):
        text = _("A code has up to 32 letters, digits, dots, dashes and underscores.")
        raise InvalidInput.on("/code", text, "code")
    return code


def checked_name(raw: str) -> str:
    """Return a name as it is kept; see ``profiles.rules.normalized_name``.

    Raises:
        InvalidInput: on ``/name``, with the way out.
    """
    if not raw.strip():
        raise InvalidInput.on("/name", _("A name is needed."), "required")
    try:
        return normalized_name(raw)
    except MixedAlphabets as error:
        text = _("A word of this name mixes alphabets. Write each word in letters of one alphabet.")
        raise InvalidInput.on("/name", text, "mixed_alphabets") from error
    except NotAName as error:
        raise InvalidInput.on("/name", _("Enter a name of 1 to 80 readable characters.")) from error


def as_in_files(text: str) -> str:
    """Return a code or name as files are read: capitals, width, spaces and signs say nothing."""
    return _SAYS_NOTHING.sub("", unicodedata.normalize("NFKC", text).casefold())
