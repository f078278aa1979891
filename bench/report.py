"""One shape for every table: rounds in, medians and ratios out, printed and written as JSON."""

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Result:
    """One size of one table. Seconds of each round; a column that has no meaning stays empty.

    floor: the physical limit for the same rows; usual: what one would write first; ours.
    """

    members: int
    ours: Sequence[float]
    floor: Sequence[float] = ()
    usual: Sequence[float] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ours_s(self) -> float:
        return statistics.median(self.ours)

    @property
    def floor_s(self) -> float | None:
        return statistics.median(self.floor) if self.floor else None

    @property
    def usual_s(self) -> float | None:
        return statistics.median(self.usual) if self.usual else None

    @property
    def ratio_to_floor(self) -> float | None:
        """How many times longer than the limit; 1 is perfect."""
        return self.ours_s / self.floor_s if self.floor_s else None

    @property
    def ratio_to_usual(self) -> float | None:
        """Which part of the usual time; below 1 is faster."""
        return self.ours_s / self.usual_s if self.usual_s else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "members": self.members,
            "floor_s": self.floor_s,
            "usual_s": self.usual_s,
            "ours_s": self.ours_s,
            "ratio_to_floor": self.ratio_to_floor,
            "ratio_to_usual": self.ratio_to_usual,
            "times_faster_than_usual": self.usual_s / self.ours_s if self.usual_s else None,
            "rounds": {
                "floor": list(self.floor),
                "usual": list(self.usual),
                "ours": list(self.ours),
            },
            "notes": dict(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """A whole table; ``results`` from the smallest size to the largest, which is the headline.

    ``met`` says of what was measured whether it meets the goal, which is a word about at least
    ``judged_from`` members.
    """

    title: str
    goal: str
    met: bool
    judged_from: int
    results: Sequence[Result]
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where too few members were looked at to tell."""
        return self.met if self.results[-1].members >= self.judged_from else None

    @property
    def verdict(self) -> str:
        if self.reached is None:
            return f"not judged below {self.judged_from:,} members"
        return "reached" if self.reached else "NOT reached"


def in_turn(
    jobs: Mapping[str, Callable[[], object]],
    *,
    rounds: int = ROUNDS,
    before: Callable[[str], object] = lambda _name: None,
) -> dict[str, list[float]]:
    """Time the jobs in turn, round after round, so that a noisy minute hits all of them alike.

    ``before`` is called with the job's name ahead of each timing and is not timed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            before(name)
            start = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def write(table: str, report: Report) -> Path:
    """Write bench/results/TABLE.json and return its path."""
    RESULTS.mkdir(exist_ok=True)
    headline = report.results[-1]
    content = {
        "table": table,
        "title": report.title,
        "goal": report.goal,
        "reached": report.reached,
        **headline.as_dict(),
        "sizes": [result.as_dict() for result in report.results],
        "summary": dict(report.notes),
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path = RESULTS / f"{table}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """Describe where it was measured: the absolute times mean nothing without it."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    git = ["git", "-C", str(RESULTS.parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processors": os.cpu_count(),
        "memory_gb": round(pages / 1024**3, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": commit,
    }


def show(table: str, report: Report) -> None:
    """Print the table as people read it."""
    print(f"\n{table.upper()}  {report.title}")
    columns = ("members", "floor s", "usual s", "ours s", "÷ floor", "÷ usual", "× faster")
    print("  ".join(f"{name:>10}" for name in columns))
    for result in report.results:
        faster = result.usual_s / result.ours_s if result.usual_s else None
        cells = [f"{result.members:,}", _number(result.floor_s), _number(result.usual_s)]
        cells += [_number(result.ours_s), _number(result.ratio_to_floor)]
        cells += [_number(result.ratio_to_usual), _number(faster)]
        print("  ".join(f"{cell:>10}" for cell in cells))
        for name, value in result.notes.items():
            print(f"    {name}: {value}")
    for name, value in report.notes.items():
        print(f"  {name}: {value}")
    print(f"  goal: {report.goal}: {report.verdict}")


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
