"""What a value of a custom field may be, however it comes in: typed, as JSON, or from a file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from core.kernel.letters import normalized, without_hidden

MOST_FIELDS, MOST_CHOICES = 100, 200
LONGEST_TEXT, LONGEST_LABEL, LONGEST_CHOICE, LONGEST_HELP = 500, 40, 60, 200
# Numbers are kept as integers: so many of them are 1.
SCALE, MOST_DECIMALS = 10_000, 4
MOST = 10**12
FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_MARKS = 3  # accents upon one letter; more is vandalism
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}").fullmatch
BREAK = re.compile(r"[;；、\n]+")
MASK = "•••"

_NUMBER = re.compile(r"[+-]?[0-9]{1,13}(\.[0-9]{1,20})?").fullmatch
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3}){1,4}(\.[0-9]{1,20})?").fullmatch
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
# What a spreadsheet leaves of 29.33 is 29.329999999999998; that is noise, not a value.
_NOISE = Decimal("0.0000001")


class BadValue(ValueError):
    """The value cannot be taken; the text is one of the codes that ``said`` knows."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer; archived ones are shown and never given anew."""

    pk: int
    label: str
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """A field as plain values. ``low`` and ``high`` are in the unit of SCALE."""

    pk: int
    key: str
    label: str
    kind: str
    help: str = ""
    is_required: bool = False
    is_personal: bool = False
    is_archived: bool = False
    max_length: int | None = None
    low: int | None = None
    high: int | None = None
    decimals: int = 0
    choices: tuple[Choice, ...] = ()

    @property
    def name(self) -> str:
        """What forms, files and conditions call it."""
        return f"custom.{self.key}"

    @property
    def offered(self) -> tuple[Choice, ...]:
        """The choices that can be given."""
        return tuple(choice for choice in self.choices if not choice.is_archived)


# One value: text, a number in the unit of SCALE, a day, or choices by number; None is none.
Value = str | int | date | tuple[int, ...] | None


def from_text(spec: Spec, raw: str) -> Value:
    """Return what was typed as the field keeps it; None for a blank.

    Raises:
        BadValue: with the code of what is wrong.
    """
    if spec.kind == "text":
        return clean_text(raw, spec.max_length or LONGEST_TEXT)
    text = raw.strip()
    if not text:
        return None
    if spec.kind == "number":
        return scaled(spec, text)
    if spec.kind == "date":
        return read_day(text)
    wanted = BREAK.split(text) if spec.kind == "choices" else [text]
    return _choices(spec.offered, wanted)


def from_json(spec: Spec, raw: Any) -> Value:
    """Return a value of JSON as the field keeps it; None for null, "" and [].

    A number may be a JSON number or its text; a choice may be its number or its name, and also
    one that is archived, so that what was read can be written again.

    Raises:
        BadValue: with the code of what is wrong.
    """
    if raw is None or raw in ("", []):
        return None
    if spec.kind == "choices":
        if not isinstance(raw, (list, tuple)):
            raise BadValue("not_a_list")
        if len(raw) > MOST_CHOICES:
            raise BadValue("custom_choice")
        return _choices(spec.choices, list(raw))
    if spec.kind == "choice":
        return _choices(spec.choices, [raw])
    if spec.kind == "number" and not isinstance(raw, bool) and isinstance(raw, (int, float)):
        return scaled(spec, str(Decimal(str(raw))) if isinstance(raw, int) else _plain(raw))
    if not isinstance(raw, str):
        raise BadValue("wrong_type")
    return from_text(spec, raw)


def needed(spec: Spec, value: Value) -> Value:
    """Return the value; none where the field is required is refused.

    Raises:
        BadValue: ``required``.
    """
    if value is None and spec.is_required:
        raise BadValue("required")
    return value


def _plain(number: float) -> str:
    """Return a float without an exponent, as somebody would have typed it."""
    return f"{Decimal(str(number)):f}"


def clean_text(raw: str, limit: int) -> str | None:
    """Return a line of text as it is kept: one form, nothing invisible, single spaces.

    Emoji, rare characters and the dot of names such as 阿卜杜拉·艾力 stay.

    Raises:
        BadValue: longer than ``limit``, with control characters, or with heaps of accents.
    """
    text = " ".join(without_hidden(normalized("NFC", raw)).split())
    if len(text) > limit:
        raise BadValue("too_long")
    marks = 0
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in {"Cc", "Cs"}:
            raise BadValue("control_character")
        marks = marks + 1 if kind == "Mn" else 0
        if marks > MOST_MARKS:
            raise BadValue("custom_marks")
    return text or None


def scaled(spec: Spec, raw: str) -> int:
    """Return a number in the unit of SCALE.

    Raises:
        BadValue: no number, with more decimal places than the field has, or out of its bounds.
    """
    text = normalized("NFKC", raw).replace(" ", "")
    # Elsewhere than between thousands a comma may be meant for the point.
    if not _NUMBER(text) and not _GROUPED(text):
        raise BadValue("custom_number")
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise BadValue("custom_number") from None
    kept = round(number, spec.decimals)
    if abs(kept - number) > _NOISE:
        raise BadValue("custom_decimals")
    found = int(kept * SCALE)
    low = -MOST * SCALE if spec.low is None else spec.low
    high = MOST * SCALE if spec.high is None else spec.high
    if not low <= found <= high:
        raise BadValue("custom_range")
    return found


def number_of(value: int) -> Decimal:
    """Return a kept number as people write it, without zeros at its end."""
    number = Decimal(value) / SCALE
    whole = number.to_integral_value()
    return whole if whole == number else number.normalize()


def read_day(text: str) -> date:
    """Return a day such as 2026-11-23.

    Raises:
        BadValue: there is no such day, or it is not within 1900 and 2200.
    """
    if not _DAY(text):
        raise BadValue("date")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadValue("date") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadValue("date_year")
    return day


def folded(label: str) -> str:
    """Return the name of a choice without case, width and spaces at its ends."""
    return " ".join(normalized("NFKC", label).split()).casefold()


def _choices(known: tuple[Choice, ...], wanted: list[Any]) -> tuple[int, ...] | None:
    """Return the numbers of choices given by number or by name, in the order of the field."""
    ids = {choice.pk for choice in known}
    names = {folded(choice.label): choice.pk for choice in known}
    found = set()
    for each in wanted:
        if isinstance(each, str):
            if not each.strip():
                continue
            pk = names.get(folded(each))
        else:
            pk = each if isinstance(each, int) and not isinstance(each, bool) else None
        if pk not in ids:
            raise BadValue("custom_choice")
        found.add(pk)
    return tuple(choice.pk for choice in known if choice.pk in found) or None


def shown(spec: Spec, value: Value) -> str:
    """Return a kept value for people; empty for none."""
    if value is None:
        return ""
    if spec.kind == "number" and isinstance(value, int):
        return f"{number_of(value):f}"
    if isinstance(value, tuple):
        return "、".join(choice.label for choice in spec.choices if choice.pk in value)
    return value.isoformat() if isinstance(value, date) else str(value)


def as_json(spec: Spec, value: Value) -> Any:
    """Return a kept value as JSON has it: choices by name, a day as text."""
    if value is None:
        return [] if spec.kind == "choices" else None
    if spec.kind == "number" and isinstance(value, int):
        number = number_of(value)
        return int(number) if number == number.to_integral_value() else float(number)
    if isinstance(value, tuple):
        names = [choice.label for choice in spec.choices if choice.pk in value]
        return names if spec.kind == "choices" else names[0]
    return value.isoformat() if isinstance(value, date) else value


def rows_of(spec: Spec, value: Value) -> list[tuple[Any, ...]]:
    """Return field, slot, text, number, day and choice of each row that keeps the value."""
    if value is None:
        return []
    if isinstance(value, tuple):
        several = spec.kind == "choices"
        return [(spec.pk, pk if several else 0, None, None, None, pk) for pk in value]
    if spec.kind == "number":
        return [(spec.pk, 0, None, value, None, None)]
    if spec.kind == "date":
        return [(spec.pk, 0, None, None, value, None)]
    return [(spec.pk, 0, value, None, None, None)]


def said(spec: Spec, code: str) -> str:
    """Return what is wrong with a value, in words that name the field's limits."""
    texts = {
        "required": _("This field is required."),
        "too_long": _("At most %d characters.") % (spec.max_length or LONGEST_TEXT),
        "control_character": _("This text holds control characters."),
        "custom_marks": _("This text holds heaps of accents."),
        "custom_number": _("Enter a number."),
        "custom_decimals": _("At most %d decimal places.") % spec.decimals
        if spec.decimals
        else _("Enter a whole number."),
        "custom_range": _bounds(spec),
        "date": _("Enter a day such as 2026-11-23."),
        "date_year": _("The year must be between 1900 and 2200."),
        "custom_choice": _("This is none of the choices."),
        "not_a_list": _("A list of choices is needed here."),
        "wrong_type": _("Not of the right type."),
    }
    return texts[code]


def told(spec: Spec, code: str) -> str:
    """Return the same, with the field it is about."""
    return f"{spec.label}: {said(spec, code)}"


def _bounds(spec: Spec) -> str:
    low = None if spec.low is None else f"{number_of(spec.low):f}"
    high = None if spec.high is None else f"{number_of(spec.high):f}"
    if low is not None and high is not None:
        return _("A number from %(low)s to %(high)s.") % {"low": low, "high": high}
    if low is not None:
        return _("A number of %(low)s or more.") % {"low": low}
    return _("A number of %(high)s or less.") % {"high": high or f"{MOST}"}
