"""One cell at a time: text in, value out, or the code of what is wrong with it. No Django."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from core.kernel.days import CODE as DAY_AHEAD
from core.kernel.days import lies_ahead
from core.kernel.letters import normalized, without_hidden
from members.imports.options import DateOrder, MoneyUnit
from members.orders.rules import NotACategory, category_in_order
from members.profiles.rules import (
    MixedAlphabets,
    NotAName,
    NotAPhone,
    normalized_name,
    normalized_phone,
)
from members.tags import rules as tag_rules
from members.vehicles.rules import NotAVin, has_right_check_digit, is_of_our_time, normalized_vin

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ZONE = ZoneInfo("Asia/Shanghai")
FIRST_YEAR, LAST_YEAR = 1900, 2100
MAX_FEN = 10**13  # a hundred thousand million yuan: beyond it a decimal point went missing
MAX_QUANTITY = 1_000_000
MAX_KNOWN, LONGEST_KNOWN = 100_000, 200
LONGEST_MOMENT = 64

SCIENTIFIC = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]{1,3}").fullmatch
_DATE = re.compile(
    r"(?P<a>\d{1,4})\s*[-/.年]\s*(?P<b>\d{1,2})\s*[-/.月]\s*(?P<c>\d{1,4})\s*日?"
    r"(?:[T\s]*(?P<h>\d{1,2})[:时](?P<m>\d{1,2})(?:[:分](?P<s>\d{1,2})(?:\.\d{1,6})?)?秒?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
).fullmatch
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})").fullmatch
_MONEY_NOISE = str.maketrans("", "", " ￥¥$€£元")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?").fullmatch
# Printable, and yet shows nothing or changes what stands before it.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]").search
# What most names are made of; of these no word can be taken for another.
_EVERYDAY_NAME = re.compile("[ -~·\u3400-\u9fff\U00020000-\U000323af]*").fullmatch
_TAG_REASONS = {"mixed_alphabets": "name_alphabets", "too_long": "too_long"}
_TAG_BREAK = re.compile(r"[;；、|｜,，\n]+")

GENDERS = {
    **dict.fromkeys(("男", "男性", "先生", "m", "male"), "m"),
    **dict.fromkeys(("女", "女性", "女士", "f", "female"), "f"),
    **dict.fromkeys(("未知", "保密", "u", "unknown"), ""),
}
STAGES = {
    **dict.fromkeys(("潜客", "prospect"), "prospect"),
    **dict.fromkeys(("导入", "导入期", "introduction"), "introduction"),
    **dict.fromkeys(("成长", "成长期", "growth"), "growth"),
    **dict.fromkeys(("成熟", "成熟期", "mature"), "mature"),
    **dict.fromkeys(("沉睡", "沉睡期", "dormant"), "dormant"),
    **dict.fromkeys(("流失", "流失期", "lost"), "lost"),
}
YES_NO = {
    **dict.fromkeys(("是", "同意", "已同意", "有", "y", "yes", "true", "1"), True),
    **dict.fromkeys(("否", "不同意", "未同意", "拒绝", "无", "n", "no", "false", "0"), False),
}


class BadValue(ValueError):
    """The cell cannot be taken; the text is a code of ``reasons``."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A refused value among good ones."""

    code: str


class Memo:
    """Reads a column of values that repeat, such as cities: each different one only once."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        """Remember what ``read`` says."""
        self._read = read
        self._known: dict[str, Any] = {"": None}

    def __call__(self, values: list[str]) -> list[Any]:
        """Return a value, None for a blank, or ``Bad`` for each cell."""
        known = self._known
        if len(known) > MAX_KNOWN:
            known.clear()
            known[""] = None
        fresh = set(values) - known.keys()
        for raw in fresh:
            known[raw] = read_or_bad(self._read, raw)
        found = [known[raw] for raw in values]
        for raw in fresh:
            if len(raw) > LONGEST_KNOWN:
                del known[raw]  # So many of these would fill the memory.
        return found


def read_or_bad(read: Callable[[str], Any], raw: str) -> Any:
    """Return what ``read`` makes of a cell; None for one of spaces only."""
    text = raw.strip()
    if not text:
        return None
    try:
        return read(text)
    except BadValue as bad:
        return Bad(str(bad))


def clean_text(raw: str, limit: int) -> str:
    """Return a line of text as it may be shown: one form, no hidden characters, single spaces.

    Raises:
        BadValue: control characters, or longer than ``limit``.
    """
    if not raw.isprintable() or not unicodedata.is_normalized("NFC", raw) or _UNSEEN(raw):
        if "\0" in raw:
            raise BadValue("nul_character")
        raw = " ".join(without_hidden(normalized("NFC", raw)).split())
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in raw):
            raise BadValue("control_character")
    if len(raw) > limit:
        raise BadValue("too_long")
    return raw


def read_name(raw: str) -> str:
    """Return a person's name; heaps of accents and words of mixed alphabets are none."""
    name = clean_text(raw, 80)
    if name and _EVERYDAY_NAME(name):
        return name
    try:
        return normalized_name(name)
    except MixedAlphabets:
        raise BadValue("name_alphabets") from None
    except NotAName:
        raise BadValue("name") from None


def read_number(raw: str) -> str | None:
    """Return an identifier of another system; it is text, even where it looks like a number.

    None where nothing of it can be seen.
    """
    if SCIENTIFIC(raw) and "+" in raw:
        raise BadValue("scientific")
    text = normalized("NFKC", raw) if not raw.isascii() else raw
    return clean_text(text, 64) or None


def read_id(raw: str) -> str:
    """Return an identity's value, which is exact and case-sensitive."""
    if not raw.isascii() or not raw.isprintable() or " " in raw:
        raise BadValue("not_an_id")
    if len(raw) > 128:
        raise BadValue("too_long")
    return raw


def read_phone(raw: str) -> str:
    """Return the E.164 form."""
    if SCIENTIFIC(raw):
        raise BadValue("phone_scientific")
    try:
        return normalized_phone(raw)
    except NotAPhone:
        raise BadValue("phone") from None


def read_vin(raw: str, *, is_domestic: bool) -> str:
    """Return the VIN; a wrong check digit is an error on cars built here."""
    try:
        vin = normalized_vin(raw)
    except NotAVin as error:
        raise BadValue(str(error)) from None
    if is_domestic and not has_right_check_digit(vin):
        raise BadValue("vin_check_digit")
    return vin


def read_gender(raw: str) -> str:
    """Return m, f, or nothing for unknown."""
    return _choice(GENDERS, raw, "gender")


def read_stage(raw: str) -> str:
    """Return a lifecycle stage."""
    return _choice(STAGES, raw, "stage")


def read_yes_no(raw: str) -> bool:
    """Return whether the answer is yes."""
    return _choice(YES_NO, raw, "yes_no")


def _choice(choices: dict[str, T], raw: str, code: str) -> T:
    try:
        return choices[normalized("NFKC", raw).casefold()]
    except KeyError:
        raise BadValue(code) from None


def read_day(raw: str, order: str) -> date:
    """Return the day; a time of day behind it is left out."""
    return read_moment(raw, order).astimezone(ZONE).date()


def read_moment(raw: str, order: str) -> datetime:
    """Return the moment; without a zone it is Shanghai's, without a time it is midnight."""
    if len(raw) > LONGEST_MOMENT:
        raise BadValue("date")
    found = _DATE(normalized("NFKC", raw).strip())
    if found is None:
        compact = _COMPACT(raw)
        if compact is None:
            raise BadValue("date")
        year, month, day = map(int, compact.groups())
        hour = minute = second = 0
        zone = ""
    else:
        year, month, day = _ordered(found["a"], found["b"], found["c"], order)
        hour, minute, second = (int(found[part] or 0) for part in "hms")
        zone = found["zone"] or ""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadValue("date_year")
    try:
        naive = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  (zone follows)
        if not zone:
            return naive.replace(tzinfo=ZONE)
        offset = "+00:00" if zone == "Z" else zone
        return datetime.fromisoformat(naive.isoformat() + offset).astimezone(UTC)
    except ValueError:
        raise BadValue("date") from None


def read_past_day(raw: str, order: str, today: date) -> date:
    """Return a day on which something happened; none that is still to come."""
    day = read_day(raw, order)
    if lies_ahead(day, today=today):
        raise BadValue(DAY_AHEAD)
    return day


def read_delivery(raw: str, order: str, today: date) -> date:
    """Return the day on which somebody got a car, by the rule of the single entry."""
    day = read_past_day(raw, order, today)
    if not is_of_our_time(day):
        raise BadValue("year")
    return day


def read_past_moment(raw: str, order: str, today: date) -> datetime:
    """Return the moment at which something happened; none on a day still to come."""
    moment = read_moment(raw, order)
    if lies_ahead(moment.astimezone(ZONE).date(), today=today):
        raise BadValue(DAY_AHEAD)
    return moment


def _ordered(a: str, b: str, c: str, order: str) -> tuple[int, int, int]:
    if len(a) == 4 and len(c) <= 2:
        return int(a), int(b), int(c)
    if len(c) == 4 and len(a) <= 2 and order != DateOrder.AUTO:
        day, month = (a, b) if order == DateOrder.DAY_FIRST else (b, a)
        return int(c), int(month), int(day)
    # 05/06/2026 is two days: ask instead of guessing.
    raise BadValue("date_order" if len(c) == 4 else "date")


def read_fen(raw: str, unit: str) -> int:
    """Return integer fen; half a fen is an error, not a rounding."""
    text = normalized("NFKC", raw).translate(_MONEY_NOISE)
    if "," in text:
        text = _ungrouped(text)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadValue("money") from None
    if not amount.is_finite():
        raise BadValue("money")
    if amount < 0:
        raise BadValue("money_negative")
    worth = 1 if unit == MoneyUnit.FEN else 100
    if amount > MAX_FEN // worth:  # Compared first: a product can be too large even for decimals.
        raise BadValue("money_too_large")
    amount *= worth
    # Spreadsheets keep 29.33 as 29.329999999999998; that is their noise, not half a fen.
    whole = amount.to_integral_value()
    if abs(amount - whole) > Decimal("0.00001"):
        raise BadValue("money_fraction")
    return int(whole)


def _ungrouped(text: str) -> str:
    """Return an amount without the commas between its thousands.

    Raises:
        BadValue: a comma stands elsewhere; 12,50 is no 1250.
    """
    if not _GROUPED(text):
        raise BadValue("money")
    return text.replace(",", "")


def read_quantity(raw: str) -> int:
    """Return a whole number of things."""
    text = normalized("NFKC", raw).removesuffix(".0")
    if not text.isdecimal() or len(text) > 7 or int(text) > MAX_QUANTITY:
        raise BadValue("quantity")
    return int(text)


def read_channel(raw: str) -> str:
    """Return the name of a sales channel."""
    return clean_text(raw, 20)


def read_category(raw: str) -> str:
    """Return the brand's word for what was bought."""
    try:
        return category_in_order(raw)
    except NotACategory as error:
        raise BadValue(str(error)) from None


def read_tags(raw: str, group: str) -> tuple[tuple[str, str], ...]:
    """Return (group, tag) of each tag named in a cell; ``group`` is for those that name none."""
    found: dict[tuple[str, str], None] = {}
    for part in _TAG_BREAK.split(raw):
        own_group, colon, name = part.replace("：", ":").rpartition(":")
        name = read_tag_name(name)
        if name:
            found[read_tag_name(own_group) if colon else group, name] = None
    if len(found) > 50:
        raise BadValue("too_many_tags")
    return tuple(found)


def read_tag_name(raw: str) -> str:
    """Return the name of a tag or of a group of tags as the brand keeps it; empty for none."""
    name = tag_rules.name_in_order(clean_text(raw.strip(), tag_rules.LONGEST_NAME))
    if name and (wrong := tag_rules.wrong_with(name)):
        raise BadValue(_TAG_REASONS.get(wrong[0], "tag_name"))
    return name
