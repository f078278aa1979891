"""What must be true before the first page: schema, reference and demo data, files to serve."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from launcher import stamps, steps
from launcher.failure import LaunchFailed
from launcher.places import Places
from launcher.stack import Stack


def everything(places: Places, servers: Stack, *, members: int) -> None:
    """Bring schema, data, catalogues and static files up to date. Idempotent.

    Files and rows do not need each other, so they are made side by side.
    """
    _check_settings(places, servers)
    with ExitStack() as cleanup:
        catalogues = _catalogues(places, servers, cleanup)
        static_files = _static_files(places, servers, cleanup)
        steps.migrate(places, servers.env)
        print("Loading cities …", flush=True)
        steps.run(places, servers.env, "load_divisions")
        catalogues.finish()  # Demo data has words in it.
        if members:
            print(f"Loading demo data ({members:,} members) unless there is data …", flush=True)
            steps.run(places, servers.env, "seed_demo", "--members", str(members), "--if-empty")
        static_files.finish()


def _check_settings(places: Places, servers: Stack) -> None:
    argv = [sys.executable, "-m", "config.checked"]
    asked = subprocess.run(
        argv, env=servers.env, cwd=places.root, capture_output=True, text=True, check=False
    )
    if asked.returncode != 0:
        raise LaunchFailed(asked.stderr.strip())


class _Made:
    """A step in the background and the stamp it earns; nothing at all when it is up to date."""

    def __init__(self, stamp: Path, value: str, step: steps.Step | None) -> None:
        self._stamp, self._value, self._step = stamp, value, step

    def finish(self) -> None:
        if self._step is not None:
            self._step.finish()
            stamps.write(self._stamp, self._value)


def _catalogues(places: Places, servers: Stack, cleanup: ExitStack) -> _Made:
    sources = list((places.root / "locale").rglob("*.po"))
    value = stamps.digest(files=sources)
    stamp = places.stamps / "catalogues"
    whole = all(source.with_suffix(".mo").exists() for source in sources)
    if whole and stamps.is_current(stamp, value):
        return _Made(stamp, value, None)
    return _Made(stamp, value, _step(places, servers, cleanup, "compile_catalogues"))


def _static_files(places: Places, servers: Stack, cleanup: ExitStack) -> _Made:
    root = places.root
    folders = [
        root / "static",
        *(made for made in root.glob("*/static") if made.parent != places.var),
    ]
    sources = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    # Whatever decides which files are collected, and from which packages.
    sources += [root / "requirements.txt", root / "package-lock.json"]
    sources += [*(root / "config" / "settings").glob("*.py"), *root.glob("core/**/vendor.py")]
    target = servers.env["STATIC_ROOT"]
    value = stamps.digest(target, files=sources)
    stamp = Path(f"{target}.stamp")
    if (Path(target) / "staticfiles.json").exists() and stamps.is_current(stamp, value):
        return _Made(stamp, value, None)
    return _Made(stamp, value, _step(places, servers, cleanup, "collectstatic", "--no-input"))


def _step(places: Places, servers: Stack, cleanup: ExitStack, *arguments: str) -> steps.Step:
    step = steps.Step(places, servers.env, arguments)
    cleanup.callback(step.cancel)
    return step
