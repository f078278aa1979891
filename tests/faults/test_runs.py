"""Runs against processes that die, freeze and wake up again. Real workers, real signals."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection, transaction

from core.audit.models import AuditEntry
from core.kernel import bells
from core.kernel.scoping import tenant
from core.runs import ports, services
from core.runs.models import Run
from tests.faults import run_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
PATIENCE = 40


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    monkeypatch.setattr(ports, "_handlers", dict(ports._handlers))
    monkeypatch.setattr(services, "ring", lambda *bell: None)
    run_worker.register()


def database_url():
    values = connection.settings_dict
    port = f"&port={values['PORT']}" if values["PORT"] else ""
    person = f"{values['USER']}:{values['PASSWORD']}"
    return f"postgres://{person}@/{values['NAME']}?host={values['HOST']}{port}"


@contextmanager
def worker(brand, *, faults="", seconds=PATIENCE):
    command = [sys.executable, "-m", "tests.faults.run_worker", str(brand.pk), str(seconds)]
    environment = os.environ | {"FAULT_POINTS": faults, "DATABASE_URL": database_url()}
    process = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true, what):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def run_of(brand, run):
    with tenant(brand.pk):
        return Run.objects.get(pk=run.pk)


def steps(brand):
    with tenant(brand.pk):
        entries = AuditEntry.objects.filter(action="test.stepped").order_by("pk")
        return [(entry.data["n"], entry.data["pid"]) for entry in entries]


def state(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def test_a_killed_workers_run_is_finished_by_the_next(brand, actor):
    run = run_worker.start(brand.pk, actor)
    with worker(brand, faults="runs.before_checkpoint=kill@4") as first:
        until(lambda: first.poll() is not None, "the worker should have killed itself")
        assert first.returncode == -signal.SIGKILL
        killed = first.pid
    assert [n for n, _pid in steps(brand)] == [1, 2, 3], "the step it died in left nothing"
    with worker(brand):
        until(lambda: run_of(brand, run).state == "succeeded", "nobody took the run over")
    done = steps(brand)
    assert [n for n, _pid in done] == list(range(1, run_worker.TOTAL + 1))
    assert {pid for n, pid in done if n <= 3} == {killed}
    assert {pid for n, pid in done if n > 3} != {killed}


def test_a_worker_that_wakes_up_late_cannot_write(brand, actor):
    """Invariant 8: frozen past its lease, taken over, woken up: its step must not count."""
    run = run_worker.start(brand.pk, actor)
    with worker(brand, faults="runs.before_checkpoint=stop@4") as frozen:
        until(lambda: state(frozen) == "T", "the worker should have frozen")
        before = run_of(brand, run)
        assert before.done == 3
        with worker(brand) as successor:
            until(lambda: run_of(brand, run).fence > before.fence, "nobody took the run over")
            os.kill(frozen.pid, signal.SIGCONT)
            until(lambda: run_of(brand, run).state == "succeeded", "the run was not finished")
            time.sleep(1)  # Time for the late one to do harm.
            done = steps(brand)
            assert [n for n, _pid in done] == list(range(1, run_worker.TOTAL + 1))
            assert [pid for n, pid in done if n == 4] == [successor.pid]
            assert frozen.poll() is None, "losing a lease is no reason to die"


def test_without_the_fence_the_late_write_would_count(brand, actor, monkeypatch):
    """Negative control: with the check switched off, the frozen worker's step is counted too."""
    run = run_worker.start(brand.pk, actor)
    late = []
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(state="running", fence=1)
        held = Run.objects.get(pk=run.pk)
        Run.objects.filter(pk=run.pk).update(fence=2, done=5, cursor={"n": 5})
    with pytest.raises(services.LeaseLost):
        services._step(held, clock=lambda: held.created_at)
    assert run_of(brand, run).cursor == {"n": 5}

    def unfenced(run):
        late.append(run.pk)
        return Run.objects.select_for_update().get(pk=run.pk)

    monkeypatch.setattr(services, "_held", unfenced)
    services._step(held, clock=lambda: held.created_at)
    assert late
    assert run_of(brand, run).cursor == {"n": 1}, "progress went backwards"


def test_a_run_that_kills_its_workers_is_set_aside(brand, actor):
    """Invariant 26: three workers die in one place; the queue moves on."""
    poison = run_worker.start(brand.pk, actor)
    for _death in range(services.MAX_ATTEMPTS):
        with worker(brand, faults="runs.before_checkpoint=kill@1") as victim:
            until(lambda: victim.poll() is not None, "the worker should have died")
    good = run_worker.start(brand.pk, actor)
    with worker(brand):
        until(lambda: run_of(brand, poison).state == "failed", "the poison was not set aside")
        until(lambda: run_of(brand, good).state == "succeeded", "the queue stood still")
    aside = run_of(brand, poison)
    assert (aside.error, aside.can_resume) == (services.INTERRUPTED, True)


def test_what_rolls_back_rings_no_bell(brand, actor, monkeypatch):
    """Invariant 5: no ghost. test_lost_bells.py shows its other half."""
    rung = []
    monkeypatch.setattr(bells.current_app, "send_task", lambda *a, **k: rung.append(a))
    monkeypatch.setattr(services, "ring", bells.ring)
    with tenant(brand.pk):
        services.start_run(kind="counting", title="x", params={}, actor=actor, now=brand.created_at)
        transaction.set_rollback(True)
    assert rung == []
    with tenant(brand.pk):
        assert not Run.objects.exists()
