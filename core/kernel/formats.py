"""How numbers, money, names and times are written for people. Pure functions, no clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, ngettext, pgettext

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTHING = "—"
MINUS = "−"


def grouped(value: float | Decimal | str | None, places: int = 0) -> str:
    """Return 1284306 as ``1,284,306``; nothing as a dash; negatives with a true minus.

    An empty text is nothing too: templates put it where a figure is not known yet.
    """
    if value is None or value == "":
        return NOTHING
    quantum = Decimal(1).scaleb(-places)
    rounded = Decimal(str(value)).quantize(quantum, rounding=ROUND_HALF_UP)
    return f"{rounded:,}".replace("-", MINUS)


def yuan(fen: int | None) -> str:
    """Return integer fen as ``¥48,000`` or, where cents matter, ``¥48,000.50``."""
    if fen is None:
        return NOTHING
    sign = MINUS if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}¥{whole:,}.{rest:02d}" if rest else f"{sign}¥{whole:,}"


def percent(ratio: float | Decimal | None, places: int = 1) -> str:
    """Return the ratio 0.346 as ``34.6%``."""
    if ratio is None:
        return NOTHING
    return grouped(Decimal(str(ratio)) * 100, places) + "%"


def listed(names: Iterable[object]) -> str:
    """Return names one after the other: ``杭州、上海`` or ``Hangzhou, Shanghai``."""
    return pgettext("between the names of a list", ", ").join(str(name) for name in names)


def points(ratio: float | Decimal | None, places: int = 1) -> str:
    """Return the difference of two ratios in percentage points: 0.007 as ``0.7 points``."""
    if ratio is None:
        return NOTHING
    return gettext("%(number)s points") % {"number": grouped(Decimal(str(ratio)) * 100, places)}


def masked_phone(phone: str | None) -> str:
    """Return ``138****1234`` for a mainland number, with or without +86; else the last two."""
    if not phone:
        return NOTHING
    digits = phone.removeprefix("+86").strip()
    if len(digits) == 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"****{digits[-2:]}"


def masked_name(name: str | None) -> str:
    """Return 陈小宇 as 陈*宇 and 马明 as 马*: enough to recognize, too little to look up."""
    if not name:
        return NOTHING
    if len(name) <= 2:
        return f"{name[0]}*"
    return f"{name[0]}*{name[-1]}"


def masked_vin(vin: str | None) -> str:
    """Return only the last four characters of a VIN."""
    return f"****{vin[-4:]}" if vin else NOTHING


def masked_tail(text: str | None) -> str:
    """Return the end of a name such as a unionid: enough to compare, too little to use."""
    return f"****{text[-min(4, len(text) // 3) :]}" if text and len(text) > 2 else "****"


def exact(at: datetime) -> str:
    """Return the local time to the minute, as it stands in a tooltip."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


def on_day(at: datetime, now: datetime) -> str:
    """Return the local day, with its year only where it is not this year's."""
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime(now).year
    # Translators: a day of this year, in Django's date format
    pattern = gettext("j M") if this_year else gettext("j M Y")
    return format_date(local, pattern)


def relative(at: datetime, now: datetime) -> str:
    """Return a time as people say it: ``3 hours ago``, ``yesterday 21:14``, ``19 Nov``."""
    seconds = (now - at).total_seconds()
    days = (timezone.localtime(now).date() - timezone.localtime(at).date()).days
    clock = timezone.localtime(at).strftime("%H:%M")
    if seconds < 0:
        return _ahead(-seconds, -days, clock) or on_day(at, now)
    if seconds < 60:
        return gettext("just now")
    if seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    if days == 0:
        hours = int(seconds // 3600)
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    if days == 1:
        return gettext("yesterday %(clock)s") % {"clock": clock}
    return on_day(at, now)


def _ahead(seconds: float, days: int, clock: str) -> str:
    """Return how far ahead a time is, or nothing when its day says it better."""
    if seconds < 3600:
        minutes = max(1, round(seconds / 60))
        return ngettext("in %(n)d minute", "in %(n)d minutes", minutes) % {"n": minutes}
    if days == 0:
        return gettext("today %(clock)s") % {"clock": clock}
    if days == 1:
        return gettext("tomorrow %(clock)s") % {"clock": clock}
    return ""


def duration(span: timedelta | float | None) -> str:
    """Return how long something takes, in its two largest units at most."""
    if span is None:
        return NOTHING
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = round(seconds / 60)
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    text = ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    if not minutes:
        return text
    return f"{text} " + ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
