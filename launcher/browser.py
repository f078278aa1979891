"""A headless Chromium for tests: the machine's, else the one npm brought, unpacked once."""

import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import locks, node, stamps
from launcher.failure import LaunchFailed
from launcher.places import Places, here

SYSTEM = (Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser"))
PACKAGE = Path("@sparticuz") / "chromium" / "bin"
# Archive in the package -> folder it is unpacked to; its own libraries, fonts, software graphics.
ARCHIVES = {"al2023": "al2023", "fonts": "fonts", "swiftshader": "."}
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
DECOMPRESS = """
const { createReadStream, createWriteStream } = require("node:fs");
const { createBrotliDecompress } = require("node:zlib");
const [source, target] = process.argv.slice(1);
require("node:stream").pipeline(
  createReadStream(source), createBrotliDecompress(), createWriteStream(target),
  (error) => { if (error) throw error; },
);
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{packaged}</dir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


@dataclass(frozen=True)
class Browser:
    """What playwright's ``chromium.launch`` takes: executable_path, env, args."""

    executable: Path
    env: Mapping[str, str]
    args: tuple[str, ...] = ARGUMENTS


def find(places: Places | None = None) -> Browser:
    """Return a Chromium that runs on this machine, unpacking the packaged one if need be."""
    places = places or here()
    for executable in SYSTEM:
        if executable.exists():
            return Browser(executable, dict(os.environ))
    home = _unpacked(places)
    env = {
        **os.environ,
        "LD_LIBRARY_PATH": str(home / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(home / "fonts.conf"),
    }
    return Browser(home / "chromium", env)


def _unpacked(places: Places) -> Path:
    source = places.node_modules / PACKAGE
    if not (source / "chromium.br").exists():
        raise LaunchFailed(
            "There is no Chromium: neither /usr/bin/chromium nor the npm package. Run script/test."
        )
    home = places.var / "browser"
    stamp = home / ".stamp"
    wanted = f"{(source.parent / 'package.json').stat().st_mtime_ns}"
    with locks.held(places.var / "browser.lock", by="an unpacking", wait=True):
        if not stamps.is_current(stamp, wanted):
            _unpack(places, source, home)
            stamps.write(stamp, wanted)
    return home


def _unpack(places: Places, source: Path, home: Path) -> None:
    home.mkdir(exist_ok=True)
    program = home / "chromium"
    program.unlink(missing_ok=True)
    _decompress(places, source / "chromium.br", program)
    program.chmod(0o755)
    packed = home / "packed.tar"
    for archive, folder in ARCHIVES.items():
        _decompress(places, source / f"{archive}.tar.br", packed)
        with tarfile.open(packed) as tar:
            # npm has verified the hash of the package, and Debian's 3.11 knows no filter.
            tar.extractall(home / folder)  # noqa: S202
    packed.unlink()
    # The packaged configuration names a folder in /tmp.
    fonts = FONTS.format(packaged=home / "fonts" / "fonts", cache=home / "font-cache")
    (home / "fonts.conf").write_text(fonts, encoding="utf-8")


def _decompress(places: Places, source: Path, target: Path) -> None:
    """Undo Brotli with Node's own, as the Python package would slow collectstatic down."""
    argv: list[str | Path] = [node.program(places), "-e", DECOMPRESS, source, target]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LaunchFailed(f"{source.name} could not be unpacked: {done.stderr.strip()}")
