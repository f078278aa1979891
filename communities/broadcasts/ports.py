"""What broadcasts ask of a chat channel. ``settings.ROOM_CHANNELS`` names the adapters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Result(StrEnum):
    """What a channel says about one post."""

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RoomPost:
    """One message for one room. ``key`` is the same whenever the same thing is sent again."""

    key: str
    room_id: int
    sender_label: str
    body: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a post. ``error`` is a short stable word; ``message_seq`` where it stands."""

    state: Result
    message_seq: int | None = None
    error: str = ""


class RoomChannel(Protocol):
    """One chat channel of one brand. Opens its own transactions, if it needs any.

    Both methods answer within half a delivery lease.
    """

    def send_batch(self, posts: Sequence[RoomPost]) -> dict[str, Outcome]:
        """Send what was not sent before and say what became of each key.

        A post that cannot be sent is FAILED and does not touch the others. One that may have been
        sent, or not, is UNKNOWN.
        """

    def find(self, keys: Collection[str]) -> dict[str, Outcome]:
        """Say what became of earlier posts. A key that is missing never reached the channel."""


def channel_of(name: str, *, brand_id: int) -> RoomChannel:
    """Open the adapter of a channel.

    Raises:
        KeyError: no adapter is set up for it.
    """
    return cast("RoomChannel", import_string(settings.ROOM_CHANNELS[name])(brand_id=brand_id))
