"""What a category of orders may be called: the brand's own words, in one form."""

from __future__ import annotations

import unicodedata

from core.kernel.letters import without_hidden

LONGEST_CATEGORY = 20


class NotACategory(ValueError):
    """The text is no word for a category; the message is a code."""


def category_in_order(raw: str) -> str:
    """Return a category as it is kept: NFKC, nothing unseen, single spaces; empty for none.

    Raises:
        NotACategory: control characters, or longer than ``LONGEST_CATEGORY``.
    """
    text = unicodedata.normalize("NFKC", raw)
    if "\0" in text:
        raise NotACategory("nul_character")
    text = " ".join(without_hidden(text).split())
    if any(unicodedata.category(each) in {"Cc", "Cs", "Co", "Cn"} for each in text):
        raise NotACategory("control_character")
    if len(text) > LONGEST_CATEGORY:
        raise NotACategory("too_long")
    return text


def category_asked(raw: str) -> str:
    """Return the category that an address names; empty for none, and for what can be none."""
    try:
        return category_in_order(raw)
    except NotACategory:
        return ""
