"""Why a row stayed out, in words for the person who made the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from core.kernel import days
from members.vehicles import rules as vehicles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise

MAX_REASON = 300
MAX_VALUE = 120


class Problem(NamedTuple):
    """One thing wrong with one row; ``column`` is the file's own name of it, empty for the row."""

    row_number: int
    column: str
    code: str
    value: str = ""
    other: str = ""  # what the reason names beside the value, such as the row that came first


REASONS: dict[str, _StrPromise] = {
    # The form of the file.
    "row_too_long": _("The line is longer than 1 MB"),
    "cell_too_long": _("The cell holds more than 32,767 characters"),
    "quote_not_closed": _("A quotation mark opens here and never closes"),
    "row_unreadable": _("A quotation mark or the end of the line stands inside a cell"),
    "too_many_cells": _("The row has more cells than the header has names"),
    "formula": _("The cell is a formula; replace it by its value"),
    "cell_error": _("The cell holds an error such as #N/A"),
    "nul_character": _("The cell holds a NUL character"),
    "control_character": _("The cell holds control characters"),
    # Values.
    "too_long": _("The text is too long"),
    "required": _("The cell is empty"),
    "no_key": _("Neither a customer number nor a phone"),
    "scientific": _("The number was shortened by the spreadsheet; format the column as text"),
    "phone_scientific": _("The phone was shortened by the spreadsheet; format the column as text"),
    "phone": _("Not a phone number"),
    "not_an_id": _("Not an identifier: only plain letters, digits and signs without spaces"),
    "name": _("Not a readable name"),
    "name_alphabets": _("A word of the name mixes letters of different alphabets"),
    "gender": _("Not a gender we know: 男, 女, m, f"),
    "stage": _("Not a lifecycle stage"),
    "yes_no": _("Say yes or no"),
    "city": _("No city of this code or name"),
    "home_dealer": _("No dealer of this code or name"),
    "ambiguous": _("Several have this name; use the code"),
    "model": _("No vehicle model of this code or name"),
    "date": _("Not a date"),
    "date_order": _("Day or month first? Choose the order of dates in the options"),
    "date_year": _("The year must be between 1900 and 2100"),
    days.CODE: days.TEXT,
    "year": vehicles.REFUSALS["year"],
    "custom_number": _("Not a number"),
    "custom_decimals": _("More decimal places than the field has"),
    "custom_range": _("The number is outside the limits of the field"),
    "custom_choice": _("Not one of the choices of the field"),
    "custom_marks": _("The text holds heaps of accents"),
    "money": _("Not an amount"),
    "money_negative": _("The amount is negative"),
    "money_too_large": _("The amount is too large"),
    "money_fraction": _("The amount has parts of a fen"),
    "quantity": _("Not a whole number between 0 and 1,000,000"),
    "vin_length": _("A VIN has 17 characters"),
    "vin_letters": _("A VIN has only digits and capitals without I, O and Q"),
    "vin_check_digit": _("The check digit of the VIN is wrong"),
    "vehicle_incomplete": _("A vehicle needs VIN, model and delivery date"),
    "too_many_tags": _("More than 50 tags"),
    "tag_name": _('The name of a tag cannot hold : < > " \\ or characters that cannot be seen'),
    "tag": _("There is no tag “%(other)s”"),
    "tags_exclusive": _("Two tags of a group of which one member has one: %(other)s"),
    # Against other rows of the file.
    "duplicate": _("Already in row %(other)s of this file; that row counts"),
    # Against what we know.
    "phone_taken": _("The phone belongs to another member"),
    "app_user_taken": _("The app user id belongs to another member"),
    "unionid_taken": _("The unionid belongs to another member"),
    "deleted": _("The person was deleted since the file was uploaded"),
    "vin_taken": _("The car belongs to another member"),
    "vin_dates": _("Somebody else still had the car on that day"),
    "same_merged": _("Row %(other)s of this file means the same member since a merge"),
    "same_by_phone": _("Row %(other)s of this file means the same member; that row counts"),
    "same_by_number": _("Row %(other)s of this file means the same member; that row counts"),
    "phone_wanted": _("Row %(other)s of this file has the phone that this row would give up"),
    "member_unknown": _("No member of this customer number or phone; import members first"),
    "member_unclear": _("Customer number and phone belong to different members"),
    # Against what the sender of single rows knew.
    "stale_version": _("Somebody has changed the member; it has version %(other)s now"),
    "member_twice": _("Name the member by customer number or by phone, not by both"),
    "unknown_field": _("There is no field of this name"),
    "wrong_type": _("Not of the right type"),
    "zone": _("The time needs a zone, such as +08:00"),
    "order_of_other": _("The order number belongs to another member's order"),
}

# About rows that come in all the same.
WARNINGS: dict[str, _StrPromise] = {**vehicles.WARNINGS}


class Rejection(NamedTuple):
    """A row that stays out, or is to be looked at again, as it is kept and reported."""

    row_number: int
    column: str
    code: str
    reason: str
    value: str


def rejections(problems: Iterable[Problem]) -> list[Rejection]:
    """Return one rejection a row, which names everything that is wrong with it.

    In the language that is active; the first problem of the row leads.
    """
    of_rows: dict[int, list[Problem]] = {}
    for problem in problems:
        of_rows.setdefault(problem.row_number, []).append(problem)
    return [_rejection(found) for found in of_rows.values()]


def warned(problems: Iterable[Problem]) -> list[Rejection]:
    """Return what to look at again in rows that were taken, one of a row."""
    return [
        Rejection(p.row_number, p.column[:80], p.code, str(WARNINGS[p.code]), p.value[:MAX_VALUE])
        for p in problems
    ]


def _rejection(problems: list[Problem]) -> Rejection:
    first, *others = problems
    words = [_sentence(first)]
    words += [f"{p.column}: {_sentence(p)}" if p.column else _sentence(p) for p in others]
    reason = "; ".join(dict.fromkeys(words))
    if len(reason) > MAX_REASON:
        reason = reason[: MAX_REASON - 1] + "…"
    return Rejection(
        first.row_number, first.column[:80], first.code, reason, first.value[:MAX_VALUE]
    )


def _sentence(problem: Problem) -> str:
    return str(REASONS[problem.code]) % {"other": problem.other}


def shown(value: str, *, is_personal: bool) -> str:
    """Return a refused value as it may be kept: short, visible, personal ones masked.

    >>> shown("1381234567", is_personal=True)
    '138*****67'
    """
    text = "".join(c if c.isprintable() else "�" for c in value.strip()[:MAX_VALUE])
    if not is_personal or not text:
        return text
    kept = min(3, len(text) // 3), min(2, len(text) // 4)
    stars = "*" * (len(text) - sum(kept))
    return f"{text[: kept[0]]}{stars}{text[len(text) - kept[1] :]}"
