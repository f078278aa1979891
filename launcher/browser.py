"""A headless Chromium for tests: the machine's, else the one npm brought, unpacked once."""

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import locks, stamps
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
            _unpack(source, home)
            stamps.write(stamp, wanted)
    return home


def _unpack(source: Path, home: Path) -> None:
    # One of the tools of tests, absent from the product.
    import brotli  # noqa: PLC0415

    home.mkdir(exist_ok=True)
    program = home / "chromium"
    program.unlink(missing_ok=True)
    program.write_bytes(brotli.decompress((source / "chromium.br").read_bytes()))
    program.chmod(0o755)
    for archive, folder in ARCHIVES.items():
        packed = (source / f"{archive}.tar.br").read_bytes()
        with tarfile.open(fileobj=io.BytesIO(brotli.decompress(packed))) as tar:
            tar.extractall(home / folder, filter="data")
    # The packaged configuration names a folder in /tmp.
    fonts = FONTS.format(packaged=home / "fonts" / "fonts", cache=home / "font-cache")
    (home / "fonts.conf").write_text(fonts, encoding="utf-8")
