from __future__ import annotations

import json

import pytest

from bench import report
from bench.p8 import exponent
from bench.report import Report, Result

PROMISED = {
    "table",
    "members",
    "floor_s",
    "usual_s",
    "ours_s",
    "ratio_to_floor",
    "ratio_to_usual",
}


def report_of(members, *, met=True):
    result = Result(members=members, floor=[1.0, 2.0, 9.0], usual=[40.0], ours=[3.0, 3.0, 1.0])
    return Report(title="a job", goal="≤ 2 × floor", met=met, judged_from=100_000, results=[result])


def test_a_table_is_written_with_all_that_is_promised(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    path = report.write("p0", report_of(100_000))
    written = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "p0.json"
    assert written.keys() >= PROMISED
    assert (written["table"], written["members"]) == ("p0", 100_000)
    assert (written["floor_s"], written["ours_s"]) == (2.0, 3.0)
    assert (written["ratio_to_floor"], written["ratio_to_usual"]) == (1.5, 3 / 40)
    assert written["rounds"]["ours"] == [3.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("members", "met", "reached"),
    [(100_000, True, True), (100_000, False, False), (99_999, True, None), (10, False, None)],
)
def test_a_small_run_says_nothing_about_the_goal(members, met, reached, capsys):
    judged = report_of(members, met=met)
    assert judged.reached is reached
    report.show("p0", judged)
    said = capsys.readouterr().out
    assert ("not judged below 100,000 members" in said) is (reached is None)
    assert ("NOT reached" in said) is (reached is False)


def test_growth_is_the_slope_between_sizes():
    sizes = [10_000, 100_000, 1_000_000]
    assert exponent(sizes, [0.5, 5.0, 50.0]) == 1.0
    assert exponent(sizes, [0.5, 50.0, 5000.0]) == 2.0
    assert exponent(sizes, [7.0, 7.0, 7.0]) == 0.0
