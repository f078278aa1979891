"""The geometry of small trend lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 84
HEIGHT = 26
MARGIN = 3


def path(values: Sequence[float]) -> str:
    """Return an SVG path through the values, smallest low and largest high.

    Equal values run along the middle; fewer than two give no path.
    """
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = WIDTH / (len(values) - 1)
    return " ".join(
        f"{'L' if index else 'M'}{index * step:.1f} {_height(value, low, high):.1f}"
        for index, value in enumerate(values)
    )


def _height(value: float, low: float, high: float) -> float:
    if high == low:
        return HEIGHT / 2
    return HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN)
