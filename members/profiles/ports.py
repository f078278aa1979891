"""Who wants to know what happens to members, and what stands on a member's page.

Both come from concepts above this one, which it may not import, and from other apps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from core.kernel.scoping import outlives_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Permission, Viewer
    from members.profiles.models import Member


@dataclass(frozen=True, slots=True)
class StageSaid:
    """A person or a file set the stage of a member who had another.

    ``note`` says why, where that is known.
    """

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


@dataclass(frozen=True, slots=True)
class MixUp:
    """Something that belongs to one member was given for another: the two may be one person.

    ``by`` says what: ``phone``, ``customer_no``, ``vin`` or a kind of identity.
    """

    by: str
    member_id: int
    owner_id: int


class MixUpKeeper(Protocol):
    """Keeps which members met, for people to judge."""

    def __call__(self, *, mix_ups: Sequence[MixUp], brand_id: int, now: datetime) -> None:
        """Keep it, in the caller's transaction; members who are gone are passed over."""


class LoadPanel(Protocol):
    """Looks up what a card of a member's page shows."""

    def __call__(
        self, *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
    ) -> Mapping[str, Any] | None:
        """Return the context of the card's template; None leaves the card away.

        ``query`` is what the page's address says. The number of queries must not grow with what
        is known of the member.
        """


@dataclass(frozen=True, slots=True)
class Panel:
    """A card on a member's page.

    ``template`` draws the whole card; besides what ``load`` returns it gets ``member`` and
    ``request``. Cards stand by ``order`` in the column at the side, or in the main one.
    """

    template: str
    load: LoadPanel
    permission: Permission | None = None
    order: int = 100
    is_main: bool = False


_followers: list[FactsFollower] = []
_tellers: list[StageTeller] = []
_keepers: list[MixUpKeeper] = []


def register_follower(follower: FactsFollower) -> None:
    """Announce who follows facts; called from ``AppConfig.ready``. Twice is once."""
    if follower not in _followers:
        _followers.append(follower)


def register_stage_teller(teller: StageTeller) -> None:
    """Announce who keeps stages that were set; called from ``AppConfig.ready``."""
    if teller not in _tellers:
        _tellers.append(teller)


def register_mix_up_keeper(keeper: MixUpKeeper) -> None:
    """Announce who keeps which members met; called from ``AppConfig.ready``."""
    if keeper not in _keepers:
        _keepers.append(keeper)


_panels: dict[str, Panel] = {}


def register_panel(key: str, panel: Panel) -> None:
    """Announce a card; called from ``AppConfig.ready``."""
    _panels[key] = panel


def panels_for(viewer: Viewer) -> list[tuple[str, Panel]]:
    """Return the cards that the viewer may see, in order."""
    allowed = [
        (key, panel)
        for key, panel in _panels.items()
        if panel.permission is None or viewer.may(panel.permission)
    ]
    return sorted(allowed, key=lambda pair: pair[1].order)


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


def members_mixed_up(*, mix_ups: Sequence[MixUp], brand_id: int, now: datetime) -> None:
    """Say that rows were refused because each of them means two members."""
    if mix_ups:
        for keeper in _keepers:
            keeper(mix_ups=mix_ups, brand_id=brand_id, now=now)


def member_mixed_up(*, mix_up: MixUp, brand_id: int, now: datetime) -> None:
    """Say that an act is about to be refused because something is another member's.

    It is kept although the act is rolled back.
    """

    def write() -> None:
        members_mixed_up(mix_ups=[mix_up], brand_id=brand_id, now=now)

    outlives_refusal(brand_id=brand_id, write=write)
