"""A conversation as templates show it: messages under the days on which they were said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from communities.chat.models import RoomMessage


@dataclass(frozen=True, slots=True)
class Said:
    """One message; ``new_day`` is set where a day begins."""

    message: RoomMessage
    new_day: date | None


def with_days(messages: Sequence[RoomMessage], *, since: datetime | None = None) -> list[Said]:
    """Mark the first message of each day. ``since`` is when the one before them was said."""
    day, said = timezone.localtime(since).date() if since else None, []
    for message in messages:
        own = timezone.localtime(message.created_at).date()
        said.append(Said(message, own if own != day else None))
        day = own
    return said
