"""Who wants to know what happens to members: concepts above this one, which it may not import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer


@dataclass(frozen=True, slots=True)
class StageSaid:
    """A person or a file set the stage of a member who had another; ``note`` says why, if known."""

    member_id: int
    from_stage: str
    to_stage: str
    note: str = ""


class FactsFollower(Protocol):
    """Does what a delivery or an order of these members leads to."""

    def __call__(self, *, brand_id: int, member_ids: Sequence[int], now: datetime) -> int:
        """Follow up, in the caller's transaction; return how many steps that took."""


class StageTeller(Protocol):
    """Keeps that stages were set past the rules."""

    def __call__(
        self, *, said: Sequence[StageSaid], reason: str, actor: Viewer, now: datetime
    ) -> None:
        """Keep it, in the caller's transaction."""


_followers: list[FactsFollower] = []
_tellers: list[StageTeller] = []


def register_follower(follower: FactsFollower) -> None:
    """Announce who follows facts; called from ``AppConfig.ready``. Twice is once."""
    if follower not in _followers:
        _followers.append(follower)


def register_stage_teller(teller: StageTeller) -> None:
    """Announce who keeps stages that were set; called from ``AppConfig.ready``."""
    if teller not in _tellers:
        _tellers.append(teller)


def facts_changed(*, brand_id: int, member_ids: Sequence[int], now: datetime) -> None:
    """Say that members took delivery, bought or were active."""
    if member_ids:
        for follower in _followers:
            follower(brand_id=brand_id, member_ids=member_ids, now=now)


def stages_said(*, said: Sequence[StageSaid], reason: str, actor: Viewer, now: datetime) -> None:
    """Say that stages were set: ``reason`` is ``manual`` or ``import``.

    The members' rows hold the new stage, and the day of ``now`` as its start, already.
    """
    if said:
        for teller in _tellers:
            teller(said=said, reason=reason, actor=actor, now=now)
