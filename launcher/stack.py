"""The servers below the product and the variables that lead to them.

``serving`` opens what this checkout keeps; ``throwaway`` makes a stack that vanishes, for tests
and tables. Both give a ``Stack`` whose ``env`` is all a child process needs.
"""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from launcher import children, ephemeral, keys, provision, tuning
from launcher.places import Account, Places, cluster_home, forsaken, server_account
from launcher.postgres import Cluster
from launcher.valkey import Valkey

# What the product reads; a throw-away stack inherits none of it from the caller's shell.
PRODUCT_VARIABLES = {
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "LOOKUP_KEY"),
    *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "LOG_LEVEL", "DEBUG", "PORT"),
    *("WEB_CONCURRENCY", "WEB_THREADS", "WORKER_CONCURRENCY"),
    *("FILES_DIR", "AUDIT_ANCHOR_DIR", "SECRETS_DIR", "STATIC_ROOT"),
}


@dataclass
class Stack:
    """Running servers (None where the environment named one) and the way to them."""

    env: dict[str, str] = field(default_factory=dict)
    cluster: Cluster | None = None
    valkey: Valkey | None = None

    def stop(self) -> None:
        """Stop our own servers, the queue before the database. Idempotent."""
        try:
            if self.valkey is not None:
                self.valkey.stop()
        finally:
            if self.cluster is not None:
                self.cluster.stop()


@contextmanager
def serving(places: Places) -> Iterator[Stack]:
    """Run the servers this checkout keeps, or use those the environment names.

    The caller holds the checkout's instance lock.
    """
    env = environment(places, os.environ)
    env.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    stack = Stack(env=env | keys.product_secrets(places.secrets, given=os.environ))
    with ExitStack() as cleanup:
        account = server_account()
        sockets = cleanup.enter_context(_sockets(account))
        cleanup.callback(stack.stop)
        if env.get("DATABASE_URL"):
            if not env.get("DATABASE_OWNER_URL"):
                stack.env |= provision.given(env["DATABASE_URL"], places.secrets)
        else:
            home = cluster_home(places, account)
            _drop_forsaken(places, account)
            log = places.fresh_log("postgres")
            stack.cluster = Cluster(home, sockets, log, tuning.serving(), account)
            stack.cluster.create()
            stack.cluster.start()
            stack.env |= provision.embedded(stack.cluster)
        if not env.get("REDIS_URL"):
            log = places.fresh_log("valkey")
            _start_valkey(stack, places.var / "valkey", sockets, log, durable=True)
        yield stack


@contextmanager
def throwaway(
    places: Places, *, settings: str, tuned: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Run fresh servers with roles, database and keys of their own; leave nothing behind.

    A test that stops PostgreSQL or flushes the queue opens one for itself. ``stack.cluster`` and
    ``stack.valkey`` can be stopped, crashed and started again inside.
    """
    shell = {name: value for name, value in os.environ.items() if name not in PRODUCT_VARIABLES}
    account = server_account()
    parent = cluster_home(places, account) if account else places.var
    with ExitStack() as cleanup:
        home = cleanup.enter_context(ephemeral.folder(parent, "throwaway-"))
        home.chmod(0o755)  # PostgreSQL's account has to pass through
        sockets = cleanup.enter_context(_sockets(account))
        stack = Stack(env=environment(places, shell))
        cleanup.callback(stack.stop)
        kept = {name: home / name for name in ("secrets", "files", "anchors", "postgres")}
        for folder in kept.values():
            folder.mkdir(mode=0o700)
        stack.env |= keys.product_secrets(kept["secrets"], given={})
        stack.env["DJANGO_SETTINGS_MODULE"] = settings
        stack.env["SECRETS_DIR"] = str(kept["secrets"])
        stack.env["FILES_DIR"] = str(kept["files"])
        stack.env["AUDIT_ANCHOR_DIR"] = str(kept["anchors"])
        if account is not None:
            os.chown(kept["postgres"], account.uid, account.gid)
        log = home / "postgres.log"
        stack.cluster = Cluster(kept["postgres"], sockets, log, tuned or tuning.testing(), account)
        stack.cluster.create()
        stack.cluster.start()
        stack.env |= provision.embedded(stack.cluster, for_tests=True)
        log = home / "valkey.log"
        _start_valkey(stack, home / "valkey", sockets, log, durable=tuned is not None)
        yield stack


def _drop_forsaken(places: Places, account: Account | None) -> None:
    for home in forsaken(places) if account else ():
        children.end_strays(children.working_in(home), (signal.SIGQUIT, 5.0))
        shutil.rmtree(home, ignore_errors=True)


def _start_valkey(stack: Stack, home: Path, sockets: Path, log: Path, *, durable: bool) -> None:
    stack.valkey = Valkey(home, sockets / "valkey.sock", log, durable=durable)
    stack.valkey.start()
    stack.env["REDIS_URL"] = stack.valkey.url


@contextmanager
def _sockets(account: Account | None) -> Iterator[Path]:
    """Give a folder for sockets: a short path, whatever the checkout's, for us and ``account``."""
    # Not TMPDIR: the kernel refuses addresses of more than 107 bytes.
    with ephemeral.folder(Path("/tmp"), "qunying-") as path:  # noqa: S108
        if account is not None:
            os.chown(path, account.uid, account.gid)
        yield path


def environment(places: Places, shell: Mapping[str, str] = os.environ) -> dict[str, str]:
    path = shell.get("PATH", os.defpath)
    env = dict(shell) | {
        "PATH": f"{places.venv / 'bin'}{os.pathsep}{path}",
        "PYTHONPATH": str(places.root),
        "PYTHONUNBUFFERED": "1",
        # Whatever the shell's language: our files and our output are UTF-8.
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
    }
    env.setdefault("STATIC_ROOT", str(places.var / "static"))
    env.setdefault("SECRETS_DIR", str(places.secrets))
    env.setdefault("FILES_DIR", str(places.var / "files"))
    env.setdefault("AUDIT_ANCHOR_DIR", str(places.var / "audit_anchor"))
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env
