"""What a phone number is, however people type it."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from core.kernel.letters import mixes_alphabets, normalized, without_hidden

REGION = "CN"
MOBILE = re.compile(r"1[3-9][0-9]{9}").fullmatch
# Full-width digits and signs, and what people put between digits.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LEFT_OUT = dict.fromkeys(map(ord, " \t\u00a0\u3000-\u2010\u2011\u2013\u2014()·.'\u200b\ufeff"))
_PLAIN = str.maketrans(_HALF_WIDTH)


class NotAPhone(ValueError):
    """No number that a telephone could reach."""


def normalized_phone(raw: str) -> str:
    """Return the E.164 form, +8613812345678, of a number typed in any usual way.

    Raises:
        NotAPhone: too short, too long, with letters, or of no existing range.
    """
    if MOBILE(raw):
        return f"+86{raw}"
    plain = raw.translate(_PLAIN).translate(_LEFT_OUT)
    digits = plain.removeprefix("+86").removeprefix("0086")
    if len(digits) == 13:
        digits = digits.removeprefix("86")
    if MOBILE(digits):
        return f"+86{digits}"
    if not plain.removeprefix("+").isdecimal() or not plain.isascii():
        raise NotAPhone(raw)
    try:
        number = phonenumbers.parse(plain, REGION)
    except phonenumbers.NumberParseException as error:
        raise NotAPhone(raw) from error
    if not phonenumbers.is_valid_number(number):
        raise NotAPhone(raw)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


NAME_LENGTH = 80
MOST_MARKS = 3  # accents upon one letter; more is vandalism


class NotAName(ValueError):
    """Nothing that a person could be called."""


class MixedAlphabets(NotAName):
    """A word whose letters are of several alphabets, to be taken for another word."""


def normalized_name(raw: str) -> str:
    """Return a name as it is kept: composed, without what nobody sees, spaces single.

    Emoji, rare characters and the dot of names such as 阿卜杜拉·艾力 stay.

    Raises:
        NotAName: empty, too long, with control characters or heaps of accents.
        MixedAlphabets: one of its words could be taken for another.
    """
    name = " ".join(without_hidden(normalized("NFC", raw)).split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise NotAName(raw)
    marks = 0
    for letter in name:
        kind = unicodedata.category(letter)
        if kind in {"Cc", "Cs"}:
            raise NotAName(raw)
        marks = marks + 1 if kind == "Mn" else 0
        if marks > MOST_MARKS:
            raise NotAName(raw)
    if mixes_alphabets(name):
        raise MixedAlphabets(raw)
    return name


NUMBER_LENGTH = 64


class NotANumber(ValueError):
    """Nothing that another system would call a customer."""


def normalized_number(raw: str) -> str:
    """Return a customer number as it is kept: plain characters, nothing hidden, spaces single.

    Raises:
        NotANumber: too long, or with control characters.
    """
    number = " ".join(without_hidden(normalized("NFKC", raw)).split())
    if len(number) > NUMBER_LENGTH or any(unicodedata.category(c) in {"Cc", "Cs"} for c in number):
        raise NotANumber(raw)
    return number


def masked_phone(number: str) -> str:
    """Return +8613812341234 as 138****1234, other numbers with their last four digits alone."""
    national = number.removeprefix("+86") if number.startswith("+861") else ""
    return f"{national[:3]}****{national[-4:]}" if len(national) == 11 else f"****{number[-4:]}"
