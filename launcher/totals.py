"""A pytest plugin that lets two runs, and the linters before them, end in one summary.

The first run leaves its reports in the file QUNYING_TEST_TOTALS; the last one (QUNYING_TEST_LAST)
adds them to its own before it prints the summary, so that its final line counts everything.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

COUNTED = ("passed", "skipped", "xfailed", "xpassed")
SHOWN = ("failed", "error")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Record this run's results, unless it is the last one or a worker of one."""
    path = os.environ.get("QUNYING_TEST_TOTALS")
    if (
        path is None
        or os.environ.get("QUNYING_TEST_LAST")
        or hasattr(session.config, "workerinput")
    ):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    known = json.loads(Path(path).read_text(encoding="utf-8"))
    known["counts"] = {name: len(reporter.getreports(name)) for name in COUNTED}
    known["reports"] = {
        name: [_serialized(session.config, report) for report in reporter.getreports(name)]
        for name in SHOWN
    }
    Path(path).write_text(json.dumps(known, default=str), encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Add what came before to this run's results."""
    path = os.environ.get("QUNYING_TEST_TOTALS")
    if path is None or not os.environ.get("QUNYING_TEST_LAST"):
        return
    known = json.loads(Path(path).read_text(encoding="utf-8"))
    # Not left out: they ran before.
    terminalreporter.stats.pop("deselected", None)
    for name, count in known.get("counts", {}).items():
        if count:
            terminalreporter.stats.setdefault(name, []).extend(_Counted() for _ in range(count))
    for name, reports in known.get("reports", {}).items():
        for data in reports:
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            terminalreporter.stats.setdefault(name, []).append(report)
    for stage in known.get("errors", []):
        terminalreporter.stats.setdefault("error", []).append(_linter(stage))


class _Counted:
    """Stands for a test of the earlier run whose result needs no words."""

    count_towards_summary = True
    when = "call"


def _serialized(config: pytest.Config, report: Any) -> Any:
    return config.hook.pytest_report_to_serializable(config=config, report=report)


def _linter(name: str) -> pytest.TestReport:
    words = f"{name} failed; its words are at the top"
    return pytest.TestReport(
        nodeid=name,
        location=(name, None, name),
        keywords={},
        outcome="failed",
        longrepr=words,
        when="setup",
    )
