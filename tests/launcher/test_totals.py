"""The last summary of script/test counts everything."""

import json
import os
import subprocess
import sys

import pytest

from tests.launcher.conftest import ROOT

FIRST = """
import pytest
def test_one(): pass
def test_two(): pass
def test_broken(): assert 1 == 2
@pytest.mark.skip
def test_left_out(): pass
"""
LAST = "def test_alone(): pass\n"


@pytest.fixture
def run(tmp_path):
    """Run pytest on a text in a folder of its own."""
    totals = tmp_path / "totals.json"
    totals.write_text(json.dumps({"errors": ["mypy"]}))

    def run(name, text, **variables):
        (tmp_path / name).write_text(text)
        env = os.environ | {"QUNYING_TEST_TOTALS": str(totals), "PYTHONPATH": str(ROOT)} | variables
        env.pop("PYTEST_XDIST_WORKER", None)
        words = [
            "-p",
            "launcher.totals",
            "-p",
            "no:django",
            "-c",
            "/dev/null",
            "--rootdir",
            tmp_path,
        ]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *words, "-p", "no:cacheprovider", tmp_path / name],
            env=env,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        ).stdout

    return run


def test_the_last_line_counts_both_runs_and_a_failed_linter(run):
    run("test_first.py", FIRST)
    words = run("test_last.py", LAST, QUNYING_TEST_LAST="1")
    last = words.splitlines()[-1]
    assert "1 failed, 3 passed, 1 skipped, 1 error" in last, words
    assert "FAILED test_first.py::test_broken" in words
    assert "ERROR mypy" in words
