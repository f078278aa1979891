"""Which communities suit a stage: the lifecycle asks, the app of communities answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext_lazy as _

from members.lifecycle.rules import GROWTH, INTRODUCTION, MATURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kernel.access import Viewer
    from members.profiles.models import Member


class Circle(StrEnum):
    """What kind of community a stage leads to; product.md §3."""

    REGIONAL = "regional"
    INTEREST = "interest"
    THINK_TANK = "think_tank"


CIRCLE_OF_STAGE = {
    INTRODUCTION: Circle.REGIONAL,
    GROWTH: Circle.INTEREST,
    MATURE: Circle.THINK_TANK,
}
CIRCLES = {
    Circle.REGIONAL: _("Regional community of the home dealer"),
    Circle.INTEREST: _("Interest communities"),
    Circle.THINK_TANK: _("Think-tank communities"),
}


@dataclass(frozen=True, slots=True)
class Recommended:
    """A community that is open and suits; ``is_in`` tells whether the member has a seat there."""

    name: str
    url: str
    kind: str
    is_in: bool


class Recommend(Protocol):
    """Finds communities for a member."""

    def __call__(self, *, member: Member, circle: Circle, viewer: Viewer) -> Sequence[Recommended]:
        """Return those that are open and suit best, the best first; a few."""


_recommend: list[Recommend] = []


def register_recommender(recommend: Recommend) -> None:
    """Announce who knows the communities; called from ``AppConfig.ready``."""
    _recommend[:] = [recommend]


def recommended(*, member: Member, viewer: Viewer) -> Sequence[Recommended]:
    """Return the communities that the member's stage leads to; none for most stages."""
    circle = CIRCLE_OF_STAGE.get(member.stage)
    if circle is None or not _recommend:
        return ()
    return _recommend[0](member=member, circle=circle, viewer=viewer)
