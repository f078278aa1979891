"""What a vehicle identification number is (ISO 3779, GB 16735)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.kernel.letters import normalized

if TYPE_CHECKING:
    from datetime import date

LENGTH = 17
_FORM = re.compile(r"[A-HJ-NPR-Z0-9]{17}").fullmatch
# GB 16735: each letter counts as a digit; the ninth place checks the weighted sum.
_VALUES = {str(digit): digit for digit in range(10)} | dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


class NotAVin(ValueError):
    """The number cannot be one; the text is a code: length, letters or check digit."""


def normalized_vin(raw: str) -> str:
    """Return the VIN in capitals without spaces; full-width characters become plain.

    Raises:
        NotAVin: not 17 characters, or with I, O, Q or a sign.
    """
    vin = "".join(normalized("NFKC", raw).upper().split())
    if len(vin) != LENGTH:
        raise NotAVin("vin_length")
    if not _FORM(vin):
        raise NotAVin("vin_letters")
    return vin


def has_right_check_digit(vin: str) -> bool:
    """Whether the ninth character fits the others; cars built elsewhere need not have one."""
    total = sum(_VALUES[c] * weight for c, weight in zip(vin, _WEIGHTS, strict=True))
    return vin[8] == "0123456789X"[total % 11]


REFUSALS = {
    "vin_length": _("A VIN has 17 characters"),
    "vin_letters": _("A VIN has only digits and capitals without I, O and Q"),
    "vin_check_digit": _("The check digit of the VIN is wrong"),
    "year": _("The year must be 1950 or later"),
}
# About a car that was taken all the same: not every country's VINs have a check digit.
WARNINGS = {
    "vin_check_digit": _("The check digit of the VIN does not fit; look at it once more."),
}
FIRST_YEAR = 1950  # No owner of an older car is expected, and a typed 0202 is found out.


def is_of_our_time(day: date) -> bool:
    """Whether a car may have been delivered, given up or serviced on a day, as its year goes."""
    return day.year >= FIRST_YEAR
