"""Child processes that never outlive us, and the finding of those that did."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import stopping
from launcher.places import Account

SUPERVISED = "QUNYING_SUPERVISED"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Command:
    """How to start one process."""

    argv: Sequence[str | Path]
    env: Mapping[str, str]
    log: Path | None = None
    cwd: Path | None = None
    account: Account | None = None
    pass_fds: tuple[int, ...] = ()
    # Delivered by the kernel when we die, however we die.
    death_signal: int = signal.SIGTERM


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, tied to our life. Call from the main thread.

    The kernel ties the child to the thread that forked it, and forgets the tie when credentials
    change; ``preexec_fn`` runs after that change.
    """
    parent = os.getpid()
    account = command.account

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, command.death_signal)
        if os.getppid() != parent:
            os._exit(1)

    output = command.log.open("ab") if command.log else None
    try:
        return subprocess.Popen(
            [str(part) for part in command.argv],
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=tie,  # noqa: PLW1509 - the launcher has one thread
            pass_fds=command.pass_fds,
        )
    finally:
        if output:
            output.close()


def finish(process: subprocess.Popen[bytes], *signals: tuple[int, float]) -> int:
    """Send each signal and wait its seconds until the process ends; kill its group at last.

    Returns the exit code. When a person is in a hurry every wait shrinks to a second.
    """
    for number, patience in signals:
        if process.poll() is not None:
            break
        process.send_signal(number)
        _wait(process, patience)
    if process.poll() is None:
        _kill_group(process.pid)
    return process.wait()


def _wait(process: subprocess.Popen[bytes], patience: float) -> None:
    start = time.monotonic()
    while process.poll() is None:
        waited = time.monotonic() - start
        if waited > patience or (stopping.hurried() and waited > 1):
            return
        time.sleep(0.02)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def working_in(folder: Path) -> set[int]:
    """Return the processes whose working folder is ``folder`` or below it."""
    found = set()
    for pid in _pids():
        try:
            place = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if place == str(folder) or place.startswith(f"{folder}/"):
            found.add(pid)
    return found - {os.getpid()}


def supervised_for(var: Path) -> set[int]:
    """Return the processes that a supervisor of the checkout owning ``var`` started."""
    mark = f"{SUPERVISED}={var}".encode()
    found = set()
    for pid in _pids():
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in variables:
            found.add(pid)
    return found - {os.getpid()}


def end_strays(pids: Iterable[int], *signals: tuple[int, float]) -> set[int]:
    """End processes that are not our children; return those that resisted SIGKILL for 5 s."""
    left = set(pids)
    for number, patience in (*signals, (signal.SIGKILL, 5.0)):
        for pid in left:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + patience
        while left and time.monotonic() < deadline:
            left = {pid for pid in left if is_running(pid)}
            time.sleep(0.02)
        if not left:
            break
    return left


def _pids() -> Iterable[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def is_running(pid: int) -> bool:
    """Tell whether a process still runs; a zombie does not, whoever fails to bury it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
