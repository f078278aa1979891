"""Builds the environment of a checkout: Python packages in .venv, browser packages by npm.

Nothing is fetched when the stamps match the locks, so entering a built environment costs
milliseconds. Both installers verify the hashes of the locks and run no code of the packages.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from launcher import installing, locks, node, stamps
from launcher.failure import LaunchFailed
from launcher.places import Places, here

PIP_OPTIONS = [
    *("-qq", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile"),
    *("--require-hashes", "--only-binary", ":all:"),
]


def enter(command: str, arguments: list[str], *, tools: bool) -> None:
    """Return inside the built environment, replacing the current process where needed."""
    places = here()
    places.prepare()
    # Inherited from some shells; without byte code every start would compile Django and pandas.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    lock = places.root / ".venv.lock"
    with locks.held(lock, by="an installation", wait=True):
        build(places, tools=tools)
    if Path(sys.prefix).resolve() == places.venv.resolve():
        return
    door = places.root / "launcher" / "__main__.py"
    os.execv(places.python, [str(places.python), str(door), command, *arguments])  # noqa: S606


def build(places: Places, *, tools: bool) -> None:
    """Install what the locks name; the tools of tests and checks only when asked."""
    # Mostly waiting, on two different registries: pip and npm run side by side.
    with ExitStack() as cleanup:
        running = []
        for start in (_start_pip, node.start):
            if (install := start(places, tools=tools)) is not None:
                cleanup.callback(install.cancel)
                running.append(install)
        for install in running:
            install.finish()


def _start_pip(places: Places, *, tools: bool) -> installing.Install | None:
    product, everything = (
        (places.root / lock, places.venv / f".{lock}", stamps.digest(files=[places.root / lock]))
        for lock in ("requirements.txt", "requirements-dev.txt")
    )
    # What a lock no longer names must go, too: a changed lock begins with an empty environment.
    changed = any(
        stamp.exists() and not stamps.is_current(stamp, value)
        for _, stamp, value in (product, everything)
    )
    if changed or not _is_ours(places):
        _make_venv(places)
    lock, stamp, wanted = everything if tools else product
    # The tools' lock holds the product's packages as well.
    if stamps.is_current(stamp, wanted) or stamps.is_current(everything[1], everything[2]):
        return None
    count = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())
    print(f"Installing {count} Python packages …", flush=True)
    argv: list[str | Path] = [places.python, "-m", "pip"]
    if not (places.venv / ".own-pip").exists():
        argv = [sys.executable, "-m", "pip", "--python", places.python]
    argv += ["install", *PIP_OPTIONS, "-r", lock]
    return installing.Install(places, argv, stamp=stamp, value=wanted)


def _is_ours(places: Places) -> bool:
    """Tell whether .venv was made here: a copied one names its old place in its scripts."""
    return places.python.exists() and stamps.is_current(places.venv / ".made-at", _made_at(places))


def _made_at(places: Places) -> str:
    return f"{places.root}\n{sys.version}"


def _make_venv(places: Places) -> None:
    """Make an empty environment; where Debian left ensurepip out, the system's pip fills it."""
    env = installing.environment(places)
    shutil.rmtree(places.venv, ignore_errors=True)
    base = Path(sys.base_prefix) / "bin" / "python3.11"
    python = str(base) if base.exists() else sys.executable
    if _quiet([python, "-m", "venv", str(places.venv)], env):
        (places.venv / ".own-pip").touch()
    else:
        without = _quiet([python, "-m", "venv", "--clear", "--without-pip", str(places.venv)], env)
        if not (without and _quiet([sys.executable, "-m", "pip", "--version"], env)):
            raise LaunchFailed(
                "Python cannot make an environment here: it lacks venv and pip.\n"
                "On Debian or Ubuntu: apt-get install python3.11-venv"
            )
    stamps.write(places.venv / ".made-at", _made_at(places))


def _quiet(argv: list[str], env: Mapping[str, str]) -> bool:
    return subprocess.run(argv, env=env, capture_output=True, check=False).returncode == 0
