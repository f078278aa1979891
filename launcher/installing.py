"""Running installers: their surroundings, and the stamp each leaves when it ended well."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher import children, stamps
from launcher.failure import with_log
from launcher.places import Places

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Install:
    """A running installation."""

    def __init__(
        self, places: Places, argv: Sequence[str | Path], *, stamp: Path, value: str
    ) -> None:
        """Start ``argv``; ``stamp`` will say ``value`` once it ended well, and not before."""
        self._stamp, self._value = stamp, value
        stamp.unlink(missing_ok=True)
        self._log = places.log / f"install-{stamp.name.strip('.')}.log"
        self._log.unlink(missing_ok=True)
        self._process = children.spawn(
            children.Command(argv=argv, env=environment(places), log=self._log, cwd=places.root)
        )

    def finish(self) -> None:
        """Wait for the end. Raises LaunchFailed when the installer did not succeed."""
        try:
            code = self._process.wait()
        finally:
            self.cancel()
        if code != 0:
            raise with_log("Packages could not be installed.", self._log)
        stamps.write(self._stamp, self._value)

    def cancel(self) -> None:
        """End the installer if it still runs. Idempotent."""
        children.finish(self._process, (signal.SIGTERM, 5))


def environment(places: Places) -> Mapping[str, str]:
    """Return the variables for installers: a home they can write to, certificates for Node."""
    env = dict(os.environ, PIP_USER="0", PIP_ROOT_USER_ACTION="ignore")
    home = env.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        env["HOME"] = str(places.var)
        env["npm_config_cache"] = str(places.var / "cache" / "npm")
        env["PIP_CACHE_DIR"] = str(places.var / "cache" / "pip")
    # A Node that is not the system's own trusts only the authorities it was built with.
    trusted = env.get("SSL_CERT_FILE") or (str(CERTIFICATES) if CERTIFICATES.exists() else "")
    if trusted:
        env.setdefault("NODE_EXTRA_CA_CERTS", trusted)
    return env
