"""What is told as having happened lies behind: a day ahead is a slip, wherever it comes in.

A delivery, a visit to a workshop, a purchase: whoever names a day to come has mistyped it, or means
a plan. The last day that may be told is today where the brand is, also of a moment, so that a
sender's clock may run ahead by minutes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import date

CODE = "day_ahead"
TEXT = _("This day lies ahead. Mend it, or enter it once it has come")


def lies_ahead(day: date, *, today: date) -> bool:
    """Whether a day has not come yet."""
    return day > today


def require_past(told: date | datetime, *, now: datetime, pointer: str) -> None:
    """Refuse a day or a moment that has not come.

    Raises:
        InvalidInput: its day is after today's.
    """
    day = timezone.localdate(told) if isinstance(told, datetime) else told
    if lies_ahead(day, today=timezone.localdate(now)):
        raise InvalidInput.on(pointer, str(TEXT), CODE)
