"""Which characters of a text nobody sees, and which pretend to be others. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal

Form = Literal["NFC", "NFKC", "NFKD"]

_JOINER = "\u200d"
# What Unicode calls a letter, a mark or a symbol, and yet shows nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# What stands before a joiner or a chooser of presentation within an emoji.
_PICTURES = frozenset({"So", "Sk", "Me"})

_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1d00-\u1d25\u2c60-\u2c7f\ua722-\ua787"
_GREEK = "\u0370-\u03ff"
_CYRILLIC = "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f"
_words = re.compile(f"[{_LATIN}{_GREEK}{_CYRILLIC}0-9\u0300-\u036f]+").findall
_may_pretend = re.compile(f"[{_GREEK}{_CYRILLIC}]").search
_ALPHABETS = (
    re.compile(f"[{_LATIN}]").search,
    re.compile(f"[{_CYRILLIC}]").search,
    # Of Greek only what looks like a letter of the others; Ω and π are signs to everybody.
    re.compile("[ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϺͿαγικνορυχϲϳ]").search,
)

_MOST_MARKS = 512  # more than the limit of any line of text, so that what is cut is refused still


def normalized(form: Form, text: str) -> str:
    """Return a text in a form of Unicode, in a time that grows with its length and no faster.

    Putting marks in order takes the square of how many stand upon one letter, with every other
    thread waiting. Of a heap that no language has, only the first marks are kept.
    """
    if len(text) > _MOST_MARKS and not text.isascii():
        text = _heaps().sub(r"\1", text)
    return unicodedata.normalize(form, text)


@cache
def _heaps() -> re.Pattern[str]:
    """Return what finds heaps of marks, with those that are a letter only until normalized."""
    marks = "".join(
        each
        for each in map(chr, range(0x300, 0x20000))
        if unicodedata.combining(unicodedata.normalize("NFKD", each)[0])
    )
    return re.compile(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+")


def without_hidden(text: str) -> str:
    """Return a text without what nobody sees.

    Such characters steer the direction of text, or make two names of what reads as one. The
    joiner and the choosers of presentation stay within emoji, which they hold together.
    """
    if text.isascii():
        return text
    kept: list[str] = []
    for at, each in enumerate(text):
        if each == _JOINER:
            shows = _is_picture(kept[-1:]) and _is_picture(list(text[at + 1 : at + 2]))
        elif "\ufe00" <= each <= "\ufe0f":
            shows = bool(kept) and unicodedata.category(kept[-1])[0] not in "LMZ"
        else:
            shows = each not in _BLANK and unicodedata.category(each) != "Cf"
        if shows:
            kept.append(each)
    return "".join(kept)


def _is_picture(found: list[str]) -> bool:
    """Whether there is a character, and it is one of an emoji."""
    return any(unicodedata.category(c) in _PICTURES or "\ufe00" <= c <= "\ufe0f" for c in found)


def mixes_alphabets(text: str) -> bool:
    """Whether a word borrows letters of another alphabet that look like its own.

    As "Аdmin" with a Cyrillic А does. No library in use tells, and the rule is small: that of
    Unicode's report 39 for moderately restricted names, word by word. Latin and Cyrillic never
    stand in one word; Greek stands with them only where it looks like neither, as in "Ωmega".
    Whatever is no letter or digit of the three ends a word, so Chinese, dots and emoji mix with
    all of them, "Иван Ivanov" is two words, and a word of one alphabet is never in question.
    Full-width and mathematical letters count as those that they stand for.
    """
    if text.isascii():
        return False
    plain = normalized("NFKD", text)
    return _may_pretend(plain) is not None and any(map(_is_mixed, _words(plain)))


def _is_mixed(word: str) -> bool:
    return sum(has(word) is not None for has in _ALPHABETS) > 1
