"""What a phone number is, however people type it."""

from __future__ import annotations

import re

import phonenumbers

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
