"""What a policy says, which values make sense, and how names are made from templates."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.kernel.errors import Problem
from core.kernel.letters import mixes_alphabets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIN_CAP, MAX_CAP = 2, 2000
MAX_LIMIT = 1000
WINDOWS = ("day", "week", "month")
# How members come in; the values of ``Entry``.
JOIN_CODE, SEGMENT, ORDERS, INVITATION = ENTRIES = ("join_code", "segment", "orders", "invitation")
MAX_ENTRY_ORDERS, MAX_ENTRY_DAYS = 1000, 3650
# How long a community lives; the values of ``Lifespan``.
ENDS_WITH_EVENT, LONG, REVIEWED = LIFESPANS = ("event", "long", "reviewed")
CLOSING_HOURS, MAX_CLOSING_HOURS = 24, 30 * 24
MAX_STAFF, STAFF_ROLE_LENGTH, EVENT_LENGTH = 100, 60, 60
MINUTES_A_DAY = 24 * 60
# Leaves room in a name of 120 characters for the number of the room.
TEMPLATE_LENGTH = 110
NUMBER = "{n}"
# What a name may be made of. A template never reaches str.format, so that nobody can ask it for
# the attributes of an object.
PLACEHOLDERS = (
    *("brand", "city", "dealer", "store", "topic", "interest", "event", "model", "month", "start"),
    "n",
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# ``{start:%m月%d日%H点}`` says itself how the start is written, with these parts and no others.
_PARTS_OF_START = {"%Y": "{0:04}", "%m": "{1:02}", "%d": "{2:02}", "%H": "{3:02}", "%M": "{4:02}"}
_PART = re.compile(r"%.?")
_LOOSE_ENDS = " ·-—_/、，"


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Who may enter a community; ``orders`` in the last ``days`` where it is by orders."""

    how: str = SEGMENT
    orders: int = 2
    days: int = 180

    @property
    def words(self) -> str:
        """The rule as people read it."""
        if self.how == ORDERS:
            asked = ngettext(
                "at least %(n)s order in %(days)s days, or promoted by an operator",
                "at least %(n)s orders in %(days)s days, or promoted by an operator",
                self.orders,
            )
            return asked % {"n": self.orders, "days": self.days}
        return {
            JOIN_CODE: _("whoever comes with the join code"),
            SEGMENT: _("members with a tie to the brand: a segment, or everybody"),
            INVITATION: _("by invitation after screening"),
        }[self.how]


def lifespan_words(lifespan: str, closing_hours: int) -> str:
    """Return how long a community lives as people read it."""
    if lifespan == ENDS_WITH_EVENT:
        ends = ngettext(
            "ends with its event; it closes %(n)s hour later",
            "ends with its event; it closes %(n)s hours later",
            closing_hours,
        )
        return ends % {"n": closing_hours}
    return _("long") if lifespan == LONG else _("long, reviewed each quarter")


def staff_words(least: int, most: int | None, role: str) -> str:
    """Return how many of the staff a community wants, and who they are."""
    if most is None:
        number = _("at least %(n)s") % {"n": least}
    else:
        number = str(least) if least == most else f"{least}–{most}"
    return " · ".join(filter(None, (number, role)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The rules of one kind of community; ``quiet_from`` and ``quiet_until`` come together."""

    room_cap: int
    name_template: str
    marketing_limit: int
    marketing_window: str
    marketing_gap_minutes: int = 0
    quiet_from: time | None = None
    quiet_until: time | None = None
    alert_percent: int = 80
    entry: str = SEGMENT
    entry_orders: int = 2
    entry_days: int = 180
    lifespan: str = LONG
    closing_hours: int = CLOSING_HOURS
    staff_least: int = 1
    staff_most: int | None = None
    staff_role: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the columns of ``CommunityPolicy``."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# product.md §4.1. A brand starts with these and changes them as it likes.
DEFAULT_TERMS: dict[str, Terms] = {
    "flash": Terms(
        room_cap=200,
        name_template="{start:%m月%d日%H点} {event}",
        marketing_limit=10,
        marketing_window="day",
        entry=JOIN_CODE,
        lifespan=ENDS_WITH_EVENT,
        staff_most=1,
        staff_role="运营",
    ),
    "service": Terms(
        room_cap=200,
        name_template="{city}{dealer}·{topic}交流群 {n}",
        marketing_limit=1,
        marketing_window="week",
        staff_most=1,
        staff_role="运营，另有车主管理员",
    ),
    "conversion": Terms(
        room_cap=200,
        name_template="{store}福利群 {n}",
        marketing_limit=30,
        marketing_window="day",
        marketing_gap_minutes=20,
        quiet_from=time(21),
        quiet_until=time(9),
        entry=ORDERS,
        staff_least=4,
        staff_most=6,
        staff_role="1 名店长和 3–5 名导购",
    ),
    "core": Terms(
        room_cap=50,
        name_template="{brand}{topic}核心群",
        marketing_limit=1,
        marketing_window="month",
        entry=INVITATION,
        lifespan=REVIEWED,
        staff_role="每位成员一名专属服务经理",
    ),
}


def problems_of(terms: Terms) -> list[Problem]:
    """Return everything that is wrong with the terms, one problem per field."""
    found = [
        *_out_of_range("room_cap", terms.room_cap, MIN_CAP, MAX_CAP),
        *_out_of_range("marketing_limit", terms.marketing_limit, 0, MAX_LIMIT),
        *_out_of_range("marketing_gap_minutes", terms.marketing_gap_minutes, 0, MINUTES_A_DAY),
        *_out_of_range("alert_percent", terms.alert_percent, 1, 100),
        *_out_of_range("entry_orders", terms.entry_orders, 1, MAX_ENTRY_ORDERS),
        *_out_of_range("entry_days", terms.entry_days, 1, MAX_ENTRY_DAYS),
        *template_problems(terms.name_template, "/name_template"),
    ]
    if terms.entry not in ENTRIES:
        found.append(Problem("/entry", "unknown", _("Choose among the ways in offered.")))
    found += _life_problems(terms)
    if terms.marketing_window not in WINDOWS:
        found.append(Problem("/marketing_window", "unknown", _("Choose day, week or month.")))
    if (terms.quiet_from is None) != (terms.quiet_until is None):
        text = _("Give both hours, or neither to allow every hour.")
        missing = "quiet_from" if terms.quiet_from is None else "quiet_until"
        found.append(Problem(f"/{missing}", "half", text))
    elif terms.quiet_from is not None and terms.quiet_from == terms.quiet_until:
        text = _("The hours are equal, so nothing could ever be sent.")
        found.append(Problem("/quiet_until", "empty", text))
    return found


def _life_problems(terms: Terms) -> Iterator[Problem]:
    if terms.lifespan not in LIFESPANS:
        yield Problem("/lifespan", "unknown", _("Choose among the lifespans offered."))
    yield from _out_of_range("closing_hours", terms.closing_hours, 0, MAX_CLOSING_HOURS)
    yield from _out_of_range("staff_least", terms.staff_least, 0, MAX_STAFF)
    if terms.staff_most is not None:
        least = max(1, terms.staff_least)
        yield from _out_of_range("staff_most", terms.staff_most, least, MAX_STAFF)
    if len(terms.staff_role) > STAFF_ROLE_LENGTH:
        text = _("Use at most %(most)s characters.") % {"most": STAFF_ROLE_LENGTH}
        yield Problem("/staff_role", "too_long", text)
    elif mixed := letters_problem(terms.staff_role, "/staff_role"):
        yield mixed


def event_problems(
    *,
    event: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    needs_end: bool,
    now: datetime,
) -> list[Problem]:
    """Return what is wrong with the event that a community is made for."""
    found = []
    if len(event) > EVENT_LENGTH:
        text = _("Use at most %(most)s characters.") % {"most": EVENT_LENGTH}
        found.append(Problem("/event", "too_long", text))
    elif mixed := letters_problem(event, "/event"):
        found.append(mixed)
    if ends_at is None:
        if needs_end:
            text = _("Communities of this kind end with their event. Say when it ends.")
            found.append(Problem("/ends_at", "required", text))
    elif starts_at is not None and ends_at < starts_at:
        text = _("The end must not come before the start.")
        found.append(Problem("/ends_at", "ends_before_start", text))
    elif ends_at <= now:
        found.append(Problem("/ends_at", "past", _("This is over. Choose a time to come.")))
    return found


def _out_of_range(name: str, value: int, low: int, high: int) -> Iterator[Problem]:
    if not low <= value <= high:
        text = _("This must lie within %(low)s and %(high)s.") % {"low": low, "high": high}
        yield Problem(f"/{name}", "out_of_range", text)


def template_problems(template: str, pointer: str) -> list[Problem]:
    """Return what is wrong with a name template: placeholders, braces, length, emptiness."""
    unknown = [name for name in placeholders_of(template) if name not in PLACEHOLDERS]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        text = _("{%(unknown)s} is not known here. Use: %(known)s") % {
            "unknown": unknown[0][:40],
            "known": known,
        }
        return [Problem(pointer, "unknown_placeholder", text)]
    if problem := _form_problem(template, pointer) or letters_problem(template, pointer):
        return [problem]
    if any(brace in _PLACEHOLDER.sub("", template) for brace in "{}"):
        return [Problem(pointer, "stray_brace", _("A brace has no partner."))]
    if not template.replace(NUMBER, "").strip(_LOOSE_ENDS):
        return [Problem(pointer, "empty", _("The name would be a number alone."))]
    if len(template) > TEMPLATE_LENGTH:
        text = _("Use at most %(most)s characters.") % {"most": TEMPLATE_LENGTH}
        return [Problem(pointer, "too_long", text)]
    return []


def letters_problem(name: str, pointer: str) -> Problem | None:
    """Return what is wrong with the letters of a name or of what goes into one, if anything."""
    if not mixes_alphabets(name):
        return None
    text = _("A word of this name mixes alphabets. Write each word in letters of one alphabet.")
    return Problem(pointer, "mixed_alphabets", text)


def placeholders_of(template: str) -> list[str]:
    """Return the placeholders that a template uses, in order, without the form of the start."""
    return [inside.partition(":")[0] for inside in _PLACEHOLDER.findall(template)]


def _form_problem(template: str, pointer: str) -> Problem | None:
    for inside in _PLACEHOLDER.findall(template):
        name, colon, form = inside.partition(":")
        parts = set(_PART.findall(form))
        if colon and (name != "start" or not parts or not parts <= set(_PARTS_OF_START)):
            text = _("Only {start} can say how it is written, by %(parts)s.")
            return Problem(pointer, "bad_form", text % {"parts": " ".join(_PARTS_OF_START)})
    return None


def start_words(start: datetime, form: str = "") -> str:
    """Return a local time as names say it: in the template's own form, else as 11月28日19点."""
    parts = (start.year, start.month, start.day, start.hour, start.minute)
    if form:
        return _PART.sub(lambda part: _PARTS_OF_START[part[0]].format(*parts), form)
    words = {"month": start.month, "day": start.day, "hour": start.hour}
    return _("%(month)d-%(day)d %(hour)d:00") % words


def fill(template: str, facts: Mapping[str, str], *, start: datetime | None = None) -> str:
    """Return the template with all but ``{n}`` filled in; what is unknown disappears cleanly.

    ``start`` is a local time. A dealer whose name begins with its city is not preceded by the
    city once more.
    """
    values = dict(facts)
    values.setdefault("store", values.get("dealer", ""))
    for name in ("dealer", "store"):
        if values.get("city") and values.get(name, "").startswith(values["city"]):
            template = template.replace(f"{{city}}{{{name}}}", f"{{{name}}}")

    def value(match: re.Match[str]) -> str:
        name, _colon, form = match[1].partition(":")
        if name == "start":
            return start_words(start, form) if start else ""
        return NUMBER if name == "n" else values.get(name, "")

    filled = " ".join(_PLACEHOLDER.sub(value, template).split())
    has_number = NUMBER in filled
    stem = filled.replace(NUMBER, "").strip(_LOOSE_ENDS)
    if len(stem) > TEMPLATE_LENGTH - len(NUMBER) - 1:
        # A long dealer's name must not push the number out of the room's name.
        stem = stem[: TEMPLATE_LENGTH - len(NUMBER) - 1]
        return f"{stem} {NUMBER}" if has_number else stem
    return filled.strip(_LOOSE_ENDS)


def community_name(filled: str) -> str:
    """Return the name of the community as a whole: what ``fill`` made, without the number."""
    return " ".join(filled.replace(NUMBER, "").split()).strip(_LOOSE_ENDS)


def room_name(filled: str, number: int) -> str:
    """Return a room's name. Where the template has no place for it, only room 1 has no number."""
    if NUMBER in filled:
        return filled.replace(NUMBER, str(number))
    return filled if number == 1 else f"{filled} {number}"
