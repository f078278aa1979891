"""The board, the flows as a drawing, and changes in words, as templates show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel import formats
from members.lifecycle import rules, selectors
from members.lifecycle.ports import CIRCLE_OF_STAGE, CIRCLES
from members.lifecycle.rules import STAGES, Terms
from members.profiles.models import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from members.lifecycle.models import StageChange
    from members.lifecycle.selectors import Column, Effect, Flow

LABELS = dict(Stage.choices)


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of a drawing: its size, the room for names beside it, and between bars."""

    width: int
    height: int
    beside: int
    between: int = 30
    bar: int = 10


WIDE, NARROW = Shape(760, 400, 104), Shape(360, 440, 88)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stage on one side of the drawing."""

    stage: str
    label: str
    number: str
    x: str
    y: str
    width: str
    height: str
    text_x: str
    text_y: str
    number_y: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Band:
    """A flow, as wide as it is strong; ``title`` says it."""

    stage: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Flows from the left to the right."""

    shape: Shape
    bars: list[Bar]
    bands: list[Band]


def columns(board: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the board's columns with their share of all and what the stage leads to."""
    total = sum(column.count for column in board)
    return [
        {
            "stage": column.stage,
            "label": LABELS[column.stage],
            "count": column.count,
            "share": column.count / total if total else None,
            "came": column.came,
            "went": column.went,
            "change": column.came - column.went,
            "circle": circle_of(column.stage),
        }
        for column in board
    ]


def circle_of(stage: str) -> str:
    """Return the kind of community that a stage leads to, in words; empty for none."""
    circle = CIRCLE_OF_STAGE.get(stage)
    return str(CIRCLES[circle]) if circle else ""


def table(flows: Iterable[Flow]) -> list[dict[str, Any]]:
    """Return flows as lines of a table."""
    return [
        {"from": LABELS[flow.from_stage], "to": LABELS[flow.to_stage], "count": flow.count}
        for flow in flows
    ]


def moves_in_words(effect: Effect) -> list[dict[str, Any]]:
    """Return what the rules in force and the ones tried would move, side by side."""
    return [
        {
            "from": LABELS[move.from_stage],
            "to": LABELS[move.to_stage],
            "now": move.now,
            "then": move.then,
        }
        for move in effect.moves
    ]


def told(changes: Sequence[StageChange], brand_id: int) -> list[dict[str, Any]]:
    """Return changes with their reasons in words, by the rules of their time."""
    numbers = {change.policy_version for change in changes}
    known = selectors.terms_of_versions(brand_id=brand_id, numbers=numbers) if numbers else {}
    return [{"change": one, "why": why(one, known)} for one in changes]


def why(change: StageChange, known: Mapping[int, Terms]) -> str:
    """Return why a change happened: the operator's own words, or the rule with its numbers."""
    if change.note:
        return change.note
    return rules.in_words(change.reason, known.get(change.policy_version, Terms()))


def draw(flows: Sequence[Flow], shape: Shape) -> Drawing | None:
    """Lay flows out as bands between two rows of stages; None without any."""
    total = sum(flow.count for flow in flows)
    if not total:
        return None
    sides = [_sums((flow.from_stage, flow.count) for flow in flows)]
    sides.append(_sums((flow.to_stage, flow.count) for flow in flows))
    room = shape.height - shape.between * max(map(len, sides))
    tops = [_tops(side, shape, room / total) for side in sides]
    bars = [
        _bar(stage, number, tops[at][stage], shape, room / total, is_right=bool(at))
        for at, side in enumerate(sides)
        for stage, number in side.items()
    ]
    left, right = dict(tops[0]), dict(tops[1])
    bands = []
    for flow in flows:
        thick = flow.count * room / total
        path = _path(left[flow.from_stage], right[flow.to_stage], thick, shape)
        left[flow.from_stage] += thick
        right[flow.to_stage] += thick
        bands.append(Band(flow.from_stage, path, _title(flow)))
    return Drawing(shape, bars, bands)


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = dict.fromkeys(STAGES, 0)
    for stage, number in pairs:
        sums[stage] += number
    return {stage: number for stage, number in sums.items() if number}


def _tops(side: Mapping[str, int], shape: Shape, scale: float) -> dict[str, float]:
    tops, y = {}, shape.between / 2
    for stage, number in side.items():
        tops[stage] = y
        y += number * scale + shape.between
    return tops


def _bar(stage: str, number: int, top: float, shape: Shape, scale: float, *, is_right: bool) -> Bar:
    height = max(1.5, number * scale)
    x = shape.width - shape.beside - shape.bar if is_right else shape.beside
    middle = top + height / 2
    return Bar(
        stage=stage,
        label=str(LABELS[stage]),
        number=formats.grouped(number),
        x=_n(x),
        y=_n(top),
        width=_n(shape.bar),
        height=_n(height),
        text_x=_n(x + shape.bar + 8 if is_right else x - 8),
        text_y=_n(middle - 2),
        number_y=_n(middle + 13),
        anchor="start" if is_right else "end",
    )


def _path(left: float, right: float, thick: float, shape: Shape) -> str:
    thick = max(thick, 0.75)
    start, end = shape.beside + shape.bar, shape.width - shape.beside - shape.bar
    bend = (start + end) / 2
    there = _points((bend, left), (bend, right), (end, right))
    back = _points((bend, right + thick), (bend, left + thick), (start, left + thick))
    return f"M{_points((start, left))}C{there}V{_n(right + thick)}C{back}Z"


def _points(*points: tuple[float, float]) -> str:
    return " ".join(f"{_n(x)} {_n(y)}" for x, y in points)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _title(flow: Flow) -> str:
    return _("%(from)s → %(to)s: %(number)s") % {
        "from": LABELS[flow.from_stage],
        "to": LABELS[flow.to_stage],
        "number": formats.grouped(flow.count),
    }
