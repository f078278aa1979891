"""P10: from a clean clone, with packages in the installers' caches, to the first page.

floor: what nobody can avoid, downloading and unpacking the packages of the same locks. usual:
the same product with every step in a row and the installers left at their defaults.
"""

import argparse
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.report import Report, Result
from launcher import children, node, places

MEMBERS = 20_000
GOAL_SECONDS = 90.0
LIMIT_SECONDS = 900.0
ROOT = Path(__file__).resolve().parents[1]
HASHED = ["--require-hashes", "--only-binary", ":all:"]
QUIET = ["-qq", "--disable-pip-version-check", "--no-deps"]


def run(options: argparse.Namespace) -> Report:
    """Measure ``options.rounds`` starts of HEAD."""
    members = options.members or MEMBERS
    floor, usual, ours, parts = [], [], [], {}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds} …", flush=True)
        with _clone() as checkout:
            floor.append(_install(checkout, [*QUIET, "--no-compile", *HASHED]))
        with _clone() as checkout:
            defaults = _install(checkout, ["-qq", *HASHED])
        with _clone() as checkout:
            total, parts = _start(checkout, members)
        ours.append(total)
        usual.append(defaults + total - parts["packages"])
    result = Result(members=members, floor=floor, usual=usual, ours=ours, notes={"parts": parts})
    return Report(
        title="clean clone, warm package caches, to the first page with demo data",
        goal=f"at most {GOAL_SECONDS:.0f} s",
        met=result.ours_s <= GOAL_SECONDS,
        judged_from=MEMBERS,
        results=[result],
    )


@contextmanager
def _clone() -> Iterator[Path]:
    """Give a clean clone of HEAD, and take away all it left, also outside itself."""
    above = Path(tempfile.mkdtemp(prefix="start-"))
    checkout = above / "checkout"
    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        yield checkout
    finally:
        places.forget(places.Places(checkout, checkout / "var"))
        shutil.rmtree(above, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Return the environment of somebody who opened a shell and typed the command."""
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "QUNYING_VAR", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    own = str(Path(sys.prefix) / "bin")
    kept["PATH"] = os.pathsep.join(p for p in kept["PATH"].split(os.pathsep) if p != own)
    return kept


def _install(checkout: Path, options: list[str]) -> float:
    """Install the same packages with nothing but the installers; return the seconds."""
    env, start = _environment(), time.perf_counter()
    python = Path(sys.base_prefix) / "bin" / "python3.11"
    ours, lock = places.Places(checkout, checkout / "var"), checkout / "requirements.txt"
    ours.prepare()
    subprocess.run([python, "-m", "venv", ours.venv], env=env, check=True)
    pip = [ours.python, "-m", "pip", "install", *options, "-r", lock]
    subprocess.run(pip, env=env, check=True)
    npm = [*node.npm(ours), "ci", "--ignore-scripts", "--omit=dev", "--silent"]
    subprocess.run(npm, cwd=checkout, env=env, check=True)
    return time.perf_counter() - start


def _start(checkout: Path, members: int) -> tuple[float, Mapping[str, float]]:
    """Start the product; return the seconds to the first page, and those of its parts."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [checkout / "script" / "server", "--members", str(members)],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        marks = _follow(process, start)
        page = time.perf_counter() - start
    finally:
        children.finish(process, (signal.SIGINT, 60))
    parts = {
        "packages": marks["below"],
        "schema and data": marks["ready"] - marks["below"],
        "page": page - marks["ready"],
    }
    return page, {name: round(seconds, 2) for name, seconds in parts.items()}


def _follow(process: "subprocess.Popen[str]", start: float) -> dict[str, float]:
    """Read the launcher's words until it is ready, then fetch the first page."""
    words: list[str] = []
    marks: dict[str, float] = {}
    assert process.stdout
    for line in process.stdout:
        words.append(line)
        now = time.perf_counter() - start
        if line.startswith("Starting the servers below"):
            marks["below"] = now
        if ready := re.match(r"READY http://127\.0\.0\.1:(\d+)/", line):
            marks["ready"] = now
            _fetch_page(int(ready[1]))
            return marks
    raise RuntimeError(f"The server did not start:\n{''.join(words)}")


def _fetch_page(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/sign-in/")
    response = connection.getresponse()
    if response.status != 200 or b"</html>" not in response.read():
        raise RuntimeError(f"The first page answered {response.status}.")
    connection.close()
