"""What a policy says, which values make sense, and how names are made from templates."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import time
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel.errors import Problem
from core.kernel.letters import mixes_alphabets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIN_CAP, MAX_CAP = 2, 2000
MAX_LIMIT = 1000
WINDOWS = ("day", "week", "month")
MINUTES_A_DAY = 24 * 60
# Leaves room in a name of 120 characters for the number of the room.
TEMPLATE_LENGTH = 110
NUMBER = "{n}"
# What a name may be made of. A template never reaches str.format, so that nobody can ask it for
# the attributes of an object.
PLACEHOLDERS = ("brand", "city", "dealer", "store", "topic", "model", "month", "start", "n")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LOOSE_ENDS = " ·-—_/、，"


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

    def as_dict(self) -> dict[str, Any]:
        """Return the columns of ``CommunityPolicy``."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# product.md §4.1. A brand starts with these and changes them as it likes.
DEFAULT_TERMS: dict[str, Terms] = {
    "flash": Terms(
        room_cap=200,
        name_template="{start} {topic}",
        marketing_limit=10,
        marketing_window="day",
    ),
    "service": Terms(
        room_cap=200,
        name_template="{city}{dealer}·{topic}交流群 {n}",
        marketing_limit=1,
        marketing_window="week",
    ),
    "conversion": Terms(
        room_cap=200,
        name_template="{store}福利群 {n}",
        marketing_limit=30,
        marketing_window="day",
        marketing_gap_minutes=20,
        quiet_from=time(21),
        quiet_until=time(9),
    ),
    "core": Terms(
        room_cap=50,
        name_template="{brand}{topic}核心群",
        marketing_limit=1,
        marketing_window="month",
    ),
}


def problems_of(terms: Terms) -> list[Problem]:
    """Return everything that is wrong with the terms, one problem per field."""
    found = [
        *_out_of_range("room_cap", terms.room_cap, MIN_CAP, MAX_CAP),
        *_out_of_range("marketing_limit", terms.marketing_limit, 0, MAX_LIMIT),
        *_out_of_range("marketing_gap_minutes", terms.marketing_gap_minutes, 0, MINUTES_A_DAY),
        *_out_of_range("alert_percent", terms.alert_percent, 1, 100),
        *template_problems(terms.name_template, "/name_template"),
    ]
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


def _out_of_range(name: str, value: int, low: int, high: int) -> Iterator[Problem]:
    if not low <= value <= high:
        text = _("This must lie within %(low)s and %(high)s.") % {"low": low, "high": high}
        yield Problem(f"/{name}", "out_of_range", text)


def template_problems(template: str, pointer: str) -> list[Problem]:
    """Return what is wrong with a name template: placeholders, braces, length, emptiness."""
    unknown = [name for name in _PLACEHOLDER.findall(template) if name not in PLACEHOLDERS]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        text = _("{%(unknown)s} is not known here. Use: %(known)s") % {
            "unknown": unknown[0][:40],
            "known": known,
        }
        return [Problem(pointer, "unknown_placeholder", text)]
    if any(brace in _PLACEHOLDER.sub("", template) for brace in "{}"):
        return [Problem(pointer, "stray_brace", _("A brace has no partner."))]
    if not template.replace(NUMBER, "").strip(_LOOSE_ENDS):
        return [Problem(pointer, "empty", _("The name would be a number alone."))]
    if mixed := letters_problem(template, pointer):
        return [mixed]
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


def placeholders_of(template: str) -> set[str]:
    """Return the placeholders that a template uses."""
    return set(_PLACEHOLDER.findall(template))


def fill(template: str, facts: Mapping[str, str]) -> str:
    """Return the template with all but ``{n}`` filled in; what is unknown disappears cleanly.

    A dealer whose name begins with its city is not preceded by the city once more.
    """
    values = dict(facts)
    values.setdefault("store", values.get("dealer", ""))
    for name in ("dealer", "store"):
        if values.get("city") and values.get(name, "").startswith(values["city"]):
            template = template.replace(f"{{city}}{{{name}}}", f"{{{name}}}")

    def value(match: re.Match[str]) -> str:
        return NUMBER if match[1] == "n" else values.get(match[1], "")

    filled = " ".join(_PLACEHOLDER.sub(value, template).split())
    has_number = NUMBER in filled
    stem = filled.replace(NUMBER, "").strip(_LOOSE_ENDS)
    if len(stem) > TEMPLATE_LENGTH - len(NUMBER) - 1:
        # A long dealer's name must not push the number out of the room's name.
        stem = stem[: TEMPLATE_LENGTH - len(NUMBER) - 1]
        return f"{stem} {NUMBER}" if has_number else stem
    return filled.strip(_LOOSE_ENDS)


def community_name(template: str, facts: Mapping[str, str]) -> str:
    """Return the name of the community as a whole: the template without the room's number."""
    return " ".join(fill(template, facts).replace(NUMBER, "").split()).strip(_LOOSE_ENDS)


def room_name(filled: str, number: int) -> str:
    """Return a room's name. Where the template has no place for it, only room 1 has no number."""
    if NUMBER in filled:
        return filled.replace(NUMBER, str(number))
    return filled if number == 1 else f"{filled} {number}"
