"""When a room may get marketing, and what a text may hold. No database, no clock."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.kernel.letters import normalized

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

TEXT_LENGTH = 600
LINK_LENGTH = 500
# A message may be planned so far ahead.
HORIZON = timedelta(days=180)

# What a text may name, and how it reads in the two languages of the console.
VARIABLES = {"room": "群名", "community": "社群", "city": "城市", "dealer": "门店"}
NO_CITY = "本地"  # how {city} reads in a community that has none
_NAMES = {name: key for key, chinese in VARIABLES.items() for name in (key, chinese)}
_PLACEHOLDER = re.compile(r"\{([^{}\n]{0,40})\}")


@dataclass(frozen=True, slots=True)
class MarketingPolicy:
    """How much marketing a room of one kind bears. Both quiet times empty: at any hour."""

    limit: int
    window: str  # day, week or month of the calendar
    gap: timedelta = timedelta(0)
    quiet_from: time | None = None
    quiet_until: time | None = None


def window_of(at: datetime, window: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of the calendar window around ``at`` and the first one after it."""
    day = at.astimezone(zone).date()
    if window == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    elif window == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        first, after = day, day + timedelta(days=1)
    return (
        datetime.combine(first, time.min, tzinfo=zone),
        datetime.combine(after, time.min, tzinfo=zone),
    )


def quiet_end(at: datetime, policy: MarketingPolicy, zone: tzinfo) -> datetime | None:
    """Return when the quiet hours around ``at`` end, or None outside of them."""
    begins, ends = policy.quiet_from, policy.quiet_until
    if begins is None or ends is None or begins == ends:
        return None
    local = at.astimezone(zone)
    clock = local.timetz().replace(tzinfo=None)
    crosses_midnight = begins > ends
    in_evening = crosses_midnight and clock >= begins
    in_morning = clock < ends and (crosses_midnight or clock >= begins)
    if not (in_evening or in_morning):
        return None
    day = local.date() + timedelta(days=1 if in_evening else 0)
    return datetime.combine(day, ends, tzinfo=zone)


def too_close(at: datetime, policy: MarketingPolicy, taken: Sequence[datetime]) -> list[datetime]:
    """Return the messages within the policy's gap of ``at``, before or after."""
    return [other for other in taken if abs(other - at) < policy.gap]


def next_allowed(
    at: datetime, policy: MarketingPolicy, taken: Sequence[datetime], zone: tzinfo
) -> datetime | None:
    """Return the first moment from ``at`` on when a room may get one more marketing message.

    ``taken`` are the times of those it gets already. None: not within ``HORIZON``.
    """
    moment = at
    while moment <= at + HORIZON:
        begins, ends = window_of(moment, policy.window, zone)
        if opening := quiet_end(moment, policy, zone):
            moment = opening
        elif sum(begins <= other < ends for other in taken) >= policy.limit:
            moment = ends
        elif near := too_close(moment, policy, taken):
            moment = max(near) + policy.gap
        else:
            return moment
    return None


def variables_in(text: str) -> set[str]:
    """Return the variables that ``text`` names and we know."""
    return {_NAMES[name] for name in _PLACEHOLDER.findall(text) if name in _NAMES}


def unknown_variables(text: str) -> list[str]:
    """Return what stands in braces in ``text`` but is no variable, in order."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in _NAMES]


def render(text: str, facts: Mapping[str, str]) -> str:
    """Put a room's facts in the place of the variables. What a fact holds is not read again."""

    def fact(match: re.Match[str]) -> str:
        key = _NAMES.get(match[1])
        return match[0] if key is None else facts[key]

    return _PLACEHOLDER.sub(fact, text)


def tidy_text(text: str) -> str:
    """Return ``text`` in composed form, with plain line ends and without blanks around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return normalized("NFC", "\n".join(line.rstrip() for line in lines)).strip()


def has_control_characters(text: str) -> bool:
    """Whether ``text`` holds characters that are neither print nor a line end or a tab."""
    return any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text)


def is_web_link(link: str) -> bool:
    """Whether ``link`` is an http(s) address with a host and without a password in it."""
    if any(char.isspace() for char in link) or has_control_characters(link):
        return False
    try:
        parts = urlsplit(link)
        port_is_sane = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and port_is_sane
    )
