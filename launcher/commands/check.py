"""script/test: linters, types, contracts and migrations, then every test on fresh servers.

Without arguments everything runs: the linters beside the ordinary tests and those that drive a
browser, which share the processors; then, with nothing beside them, the tests that kill processes,
because they measure what a busy machine would blur. They wait most of the time, so two of them go
at once, each with servers of its own. The last lines are pytest's own summary of all of it; a
linter that failed counts as an error.
With arguments only pytest runs, with these arguments. ``--lint`` runs everything but tests.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import stack
from launcher.places import Places, here

SERIAL = "fault"
AT_ONCE = "2"
NOTHING_COLLECTED = 5
SAID_ITSELF = {0, 1, NOTHING_COLLECTED}  # any other end of pytest leaves no report of its tests
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@dataclass(frozen=True)
class Stage:
    """One checker and how to run it."""

    name: str
    argv: Sequence[str]


def main(arguments: list[str]) -> int:
    """Run what was asked for; return 0 only if all of it passed."""
    places = here()
    with stack.throwaway(places, settings="config.settings.test") as servers:
        _compile_catalogues(places, servers.env)
        if arguments == ["--lint"]:
            return 1 if lint(places, servers.env) else 0
        if arguments:
            return _pytest(places, servers.env, arguments)
        return _everything(places, servers.env)


def _compile_catalogues(places: Places, env: Mapping[str, str]) -> None:
    """Compile the translations before pytest starts Django, which reads them once and for all."""
    argv = [sys.executable, "manage.py", "compile_catalogues"]
    subprocess.run(argv, env=dict(env), cwd=places.root, check=True)


def lint(places: Places, env: Mapping[str, str]) -> list[str]:
    """Run every checker, the rest also after one failed; return the names of those that did."""
    failed = []
    for stage in _stages():
        print(f"--- {stage.name}", flush=True)
        if not _passes(places, env, stage, sys.stdout.fileno()):
            print(f"--- {stage.name} failed", flush=True)
            failed.append(stage.name)
    return failed


def _passes(places: Places, env: Mapping[str, str], stage: Stage, output: int) -> bool:
    argv = [sys.executable, *stage.argv]
    done = subprocess.run(
        argv, env=dict(env), cwd=places.root, check=False, stdout=output, stderr=output
    )
    return done.returncode == 0


class LintBeside:
    """The linters in the background; their words wait in a file until they may be shown."""

    def __init__(self, places: Places, env: Mapping[str, str]) -> None:
        """Start them."""
        self._places, self._env = places, env
        self._words = places.run / "lint.txt"
        self._failed: list[str] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with self._words.open("wb", buffering=0) as words:
            for stage in _stages():
                words.write(f"--- {stage.name}\n".encode())
                if not _passes(self._places, self._env, stage, words.fileno()):
                    words.write(f"--- {stage.name} failed\n".encode())
                    self._failed.append(stage.name)

    def failed(self) -> list[str]:
        """Wait for them, show what they said, and return the names of those that failed."""
        self._thread.join()
        print(self._words.read_text(encoding="utf-8"), flush=True)
        return self._failed


def _stages() -> list[Stage]:
    return [
        Stage("ruff check", ["-m", "ruff", "check", "."]),
        Stage("ruff format", ["-m", "ruff", "format", "--check", "."]),
        Stage("import contracts", ["-c", LINT_IMPORTS]),
        Stage("djlint", ["-m", "djlint", "templates", "--lint", "--quiet"]),
        Stage("mypy", ["-m", "mypy"]),
        Stage("migrations", ["manage.py", "makemigrations", "--check", "--dry-run"]),
    ]


def _everything(places: Places, env: Mapping[str, str]) -> int:
    totals = places.run / "test-totals.json"
    totals.write_text(json.dumps({}), encoding="utf-8")
    carried = dict(env, QUNYING_TEST_TOTALS=str(totals))
    workers = str(max(2, min(os.cpu_count() or 2, 8)))
    beside = LintBeside(places, env)
    try:
        print("--- tests", flush=True)
        at_once = _pytest(places, carried, ["-m", f"not ({SERIAL})", "-n", workers])
    finally:
        errors = beside.failed()
    if at_once not in SAID_ITSELF:
        errors.append(f"pytest, which ended with {at_once},")
    totals.write_text(json.dumps(results_of(totals) | {"errors": errors}), encoding="utf-8")
    print("--- tests with faults", flush=True)
    last = carried | {"QUNYING_TEST_LAST": "1"}
    alone = _pytest(places, last, ["-m", SERIAL, "-n", AT_ONCE, "--dist", "worksteal"])
    failed = {at_once, alone} - {0, NOTHING_COLLECTED}
    nothing = at_once == alone == NOTHING_COLLECTED
    return 1 if errors or failed or nothing else 0


def _pytest(places: Places, env: Mapping[str, str], arguments: Sequence[str]) -> int:
    argv = [sys.executable, "-m", "pytest", "-p", "launcher.totals", *arguments]
    process = subprocess.Popen(argv, env=dict(env), cwd=places.root)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # pytest got the terminal's Ctrl-C as well; a plain kill it did not.
        process.terminate()
        raise
    finally:
        process.wait()


def results_of(path: Path) -> dict[str, object]:
    """Return what a finished run recorded."""
    return dict(json.loads(path.read_text(encoding="utf-8")))
