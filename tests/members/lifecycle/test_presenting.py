"""The drawing holds every flow, inside its frame, as wide as it is strong."""

import re

import pytest

from members.lifecycle.presenting import NARROW, WIDE, draw
from members.lifecycle.rules import STAGES
from members.lifecycle.selectors import Flow

FLOWS = [
    Flow("prospect", "introduction", 30),
    Flow("growth", "dormant", 60),
    Flow("growth", "mature", 10),
]
EVERY = [Flow(a, b, 1) for a in STAGES for b in STAGES if a != b]


@pytest.mark.parametrize("shape", [WIDE, NARROW])
@pytest.mark.parametrize("flows", [FLOWS, EVERY, [Flow("growth", "lost", 1_000_000)]])
def test_everything_is_inside(flows, shape):
    drawing = draw(flows, shape)
    assert len(drawing.bands) == len(flows)
    for bar in drawing.bars:
        assert 0 <= float(bar.y) <= float(bar.y) + float(bar.height) <= shape.height
        assert 0 <= float(bar.text_x) <= shape.width
    for band in drawing.bands:
        most = max(shape.width, shape.height)
        assert all(0 <= float(n) <= most for n in re.findall(r"[0-9.]+", band.path))


def test_bars_are_as_high_as_their_flows():
    bars = draw(FLOWS, WIDE).bars
    heights = {(bar.stage, bar.anchor): float(bar.height) for bar in bars}
    assert heights["growth", "end"] / heights["prospect", "end"] == pytest.approx(70 / 30, 0.01)
    assert [(b.stage, b.number) for b in bars if b.anchor == "end"] == [
        ("prospect", "30"),
        ("growth", "70"),
    ]


def test_without_flows_there_is_no_drawing():
    assert draw([], WIDE) is None
