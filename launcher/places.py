"""Where a checkout keeps what it makes: everything under ``var/``, except what root cannot."""

import os
import pwd
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from launcher.failure import LaunchFailed

SYSTEM_STATE = Path("/var/lib/qunying")
SERVER_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The operating system account that runs PostgreSQL when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Places:
    """The folders of one checkout; ``var`` holds all that running it leaves behind."""

    root: Path
    var: Path

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def stamps(self) -> Path:
        return self.var / "stamps"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def node_modules(self) -> Path:
        return self.root / "node_modules"

    def fresh_log(self, name: str) -> Path:
        """Return the log of a process about to start, after moving its last one aside."""
        log = self.log / f"{name}.log"
        if log.exists():
            log.replace(self.log / f"{name}.previous.log")
        return log

    def prepare(self) -> None:
        """Make the folders that every command needs. Idempotent."""
        try:
            self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.run, self.log, self.stamps):
                folder.mkdir(exist_ok=True)
            self.secrets.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LaunchFailed(f"Cannot write to {self.var}: {error.strerror}.") from error


def here() -> Places:
    """Return the folders of the checkout this file belongs to.

    QUNYING_VAR names another folder for what running it leaves behind: a checkout on a read-only
    disk, or a second instance beside the first.
    """
    root = Path(__file__).resolve().parents[1]
    return Places(root, Path(os.environ.get("QUNYING_VAR") or root / "var").resolve())


def server_account() -> Account | None:
    """Return the account PostgreSQL must run as, or None when our own will do.

    PostgreSQL refuses to run as root, and initdb wants an account with a passwd entry.
    """
    if os.geteuid() != 0:
        return None
    for name in SERVER_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LaunchFailed("PostgreSQL does not run as root, and there is no account named nobody.")


def cluster_home(places: Places, account: Account | None) -> Path:
    """Return the folder for PostgreSQL's data, reachable by ``account``. Idempotent.

    Another account cannot enter a checkout under a 0700 home, so root keeps data under /var/lib,
    named by an id kept in the checkout: a checkout that moved finds its data again, a copy or a
    fresh clone at an old path gets data of its own (its encryption keys are new, too).
    """
    if account is None:
        home = places.var / "postgres"
        home.mkdir(mode=0o700, exist_ok=True)
        return home
    SYSTEM_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = SYSTEM_STATE / _checkout_id(places)
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "of").write_text(str(places.var), encoding="utf-8")
    os.chown(home, account.uid, account.gid)
    return home


def forget(places: Places) -> None:
    """Delete the PostgreSQL data a checkout keeps outside itself; for checkouts made to be lost."""
    identity = places.var / "checkout-id"
    if os.geteuid() == 0 and identity.exists():
        name = identity.read_text(encoding="utf-8").strip()
        if name:
            shutil.rmtree(SYSTEM_STATE / name, ignore_errors=True)


def forsaken(places: Places) -> list[Path]:
    """Return the data of this checkout's earlier lives: someone deleted ``var`` to begin anew."""
    if not SYSTEM_STATE.exists():
        return []
    mine = _checkout_id(places)
    return [
        record.parent
        for record in SYSTEM_STATE.glob("*/of")
        if record.read_text(encoding="utf-8") == str(places.var) and record.parent.name != mine
    ]


def _checkout_id(places: Places) -> str:
    identity = places.var / "checkout-id"
    if identity.exists():
        known = identity.read_text(encoding="utf-8").strip()
        if known and not _is_copy(places, known):
            return known
    fresh = secrets.token_hex(6)
    identity.write_text(fresh + "\n", encoding="utf-8")
    return fresh


def _is_copy(places: Places, known: str) -> bool:
    """Tell whether another checkout that still exists owns the data named ``known``."""
    try:
        owner = Path((SYSTEM_STATE / known / "of").read_text(encoding="utf-8"))
        same = owner.samefile(places.var)
        theirs = (owner / "checkout-id").read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return not same and theirs == known
