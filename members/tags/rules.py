"""What a tag or a group of tags may be called."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from core.kernel.errors import InvalidInput
from core.kernel.letters import mixes_alphabets, normalized, without_hidden

LONGEST_NAME = 40
# A file separates tags and groups by these; a name that holds one could not be written there.
SEPARATORS = frozenset(",;:|、")
FORBIDDEN = SEPARATORS | frozenset('<>"\\')


def name_in_order(raw: str) -> str:
    """Return a name as it is kept: NFKC, no space around it, single spaces within."""
    return " ".join(normalized("NFKC", raw).split())


def wrong_with(name: str) -> tuple[str, str] | None:
    """Return the code and the sentence of what is wrong with a name in order; None if nothing."""
    if not name:
        return "required", _("A name is needed.")
    if len(name) > LONGEST_NAME:
        return "too_long", _("At most %d characters.") % LONGEST_NAME
    unseen = any(unicodedata.category(each) in {"Cc", "Cf", "Co", "Cs", "Cn"} for each in name)
    if unseen or without_hidden(name) != name:
        return "forbidden_characters", _("The name holds characters that cannot be seen.")
    if found := sorted(FORBIDDEN & set(name)):
        text = _("These characters cannot stand in a name: %(found)s. Leave them out.")
        return "forbidden_characters", text % {"found": " ".join(found)}
    if mixes_alphabets(name):
        text = _("A word of this name mixes alphabets. Write each word in letters of one alphabet.")
        return "mixed_alphabets", text
    return None


def checked_name(raw: str) -> str:
    """Return a name as it is kept.

    Raises:
        InvalidInput: on ``/name``, with the way out.
    """
    name = name_in_order(raw)
    if wrong := wrong_with(name):
        code, text = wrong
        raise InvalidInput.on("/name", text, code)
    return name
