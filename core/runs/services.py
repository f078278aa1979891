"""queued → running → succeeded | failed | cancelled, with a pause or a wait in between.

Claim in one transaction; each step in another, together with its checkpoint; a heartbeat keeps
the lease while a step is at work. Only the holder of the newest fence may write.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import faults, statistics
from core.kernel.access import Permission, Viewer
from core.kernel.bells import ring
from core.kernel.errors import DomainError
from core.kernel.scoping import tenant
from core.runs.heartbeat import Heartbeat
from core.runs.models import Run
from core.runs.ports import RunView, Step, filled_by, handler_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

logger = logging.getLogger(__name__)

# A killed worker's run is taken over after at most this long; the heartbeat renews it.
LEASE = timedelta(seconds=15)
# Claims in a row without a finished step; then a person must look.
MAX_ATTEMPTS = 3
# 10 s, 40 s after a step that broke: long enough to outlast a restart of the database.
RETRY_AFTER, RETRY_GROWTH = timedelta(seconds=10), 4
# PostgreSQL ends a frozen worker's transaction, whose row locks would stop its successor too.
IDLE_LIMIT = "60s"
INTERRUPTED = "interrupted"  # the error of a run that broke too often in one place
BELL = "core.runs.tasks.work_runs"


class LeaseLost(DomainError):
    """Another worker has taken the run over; this one's step was rolled back."""

    code = "lease_lost"


class RunEnded(DomainError):
    """The run has ended, so nothing can be asked of it any more."""

    code = "run_ended"


class RunWaits(DomainError):
    """The run does nothing until somebody has decided."""

    code = "run_waits"


@transaction.atomic
def start_run(
    *,
    kind: str,
    title: str,
    params: dict[str, Any],
    actor: Viewer,
    now: datetime,
    unit: str = "rows",
    total: int | None = None,
    subject_url: str = "",
) -> Run:
    """Leave work to be done in the background and ring for it.

    The row commits with the caller's transaction: the run exists if and only if that committed.

    Raises:
        KeyError: ``kind`` is not registered.
    """
    handler_of(kind)
    run = Run.objects.create(
        brand_id=actor.brand_id,
        kind=kind,
        title=title,
        params=params,
        unit=unit,
        total=total,
        subject_url=subject_url,
        requested_by_id=actor.staff_id,
        requested_by_label=actor.label,
        dealer_ids=None if actor.dealer_ids is None else sorted(actor.dealer_ids),
        claimable_at=now,
        created_at=now,
    )
    audit.record(action="run.started", subject=run, actor=actor, now=now, data={"kind": kind})
    ring(BELL, actor.brand_id)
    return run


@transaction.atomic
def ask(*, run_id: int, wish: Run.Asked, actor: Viewer, now: datetime) -> Run:
    """Ask a run to pause or stop. One that no worker holds obeys at once, others at a step's end.

    Raises:
        RunEnded: it has ended already.
        RunWaits: it awaits a decision, so there is nothing to pause.
    """
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state == Run.State.WAITING and wish == Run.Asked.PAUSE:
        raise RunWaits(_("This task awaits approval. It can only be cancelled."))
    gives_up = wish == Run.Asked.CANCEL and run.state == Run.State.FAILED and run.can_resume
    if not run.is_open and not gives_up:
        raise RunEnded(_("This task has already ended."))
    run.asked = wish
    audit.record(action=f"run.{wish}_asked", subject=run, actor=actor, now=now)
    if run.state != Run.State.RUNNING:
        _obey(run, now)
    run.save()
    return run


def cancel_several(*, run_ids: Sequence[int], actor: Viewer, now: datetime) -> int:
    """Ask the runs of a page to stop; those that have ended by now are passed over.

    Returns how many were asked. Each is a change of its own, with an entry of its own.
    """
    asked = 0
    for run_id in sorted(run_ids):  # In one order, so that two people cannot deadlock.
        try:
            ask(run_id=run_id, wish=Run.Asked.CANCEL, actor=actor, now=now)
        except RunEnded:
            continue
        asked += 1
    return asked


@transaction.atomic
def resume(*, run_id: int, actor: Viewer, now: datetime) -> Run:
    """Let a paused or broken run go on from its last finished step.

    Raises:
        RunEnded: it succeeded, was refused or cancelled.
    """
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state != Run.State.PAUSED and not run.can_resume:
        raise RunEnded(_("Only a paused or interrupted task can go on."))
    run.state, run.asked, run.error = Run.State.QUEUED, Run.Asked.NOTHING, ""
    run.attempts, run.finished_at, run.can_resume = 0, None, False
    run.claimable_at = now
    run.save()
    audit.record(action="run.resumed", subject=run, actor=actor, now=now)
    ring(BELL, run.brand_id)
    return run


@transaction.atomic
def close(*, run_id: int) -> bool:
    """Return whether a run has ended; if so it never goes on: its work begins anew."""
    run = Run.objects.select_for_update().get(pk=run_id)
    run.can_resume = False
    run.save(update_fields=["can_resume"])
    return not run.is_open


@transaction.atomic
def let_go(*, run_id: int, now: datetime) -> Run:
    """Let a run go on that waited for a decision; who decided writes the audit entry.

    Raises:
        RunEnded: it does not wait.
    """
    run = _waiting(run_id)
    run.state, run.claimable_at, run.attempts = Run.State.QUEUED, now, 0
    run.save()
    ring(BELL, run.brand_id)
    return run


@transaction.atomic
def turn_down(*, run_id: int, error: str, now: datetime, told_as: str = "refused") -> Run:
    """End a run that waited for a decision, with the reason in words.

    It failed to those who count; people are told ``told_as``, which names a badge.

    Raises:
        RunEnded: it does not wait.
    """
    run = _waiting(run_id)
    _tidy(run, now)
    _end(run, Run.State.FAILED, now, error=error)
    run.result = {**run.result, "told_as": told_as}
    run.save()
    return run


def _waiting(run_id: int) -> Run:
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state != Run.State.WAITING:
        raise RunEnded(_("This task does not await approval any more."))
    return run


def work_due(*, brand_id: int, clock: Callable[[], datetime], budget: timedelta) -> int:
    """Claim due runs one after the other and step them until ``budget`` is spent.

    Opens its own transactions. Returns how many steps were done.
    """
    deadline, steps = clock() + budget, 0
    while clock() < deadline:
        with tenant(brand_id):
            run = _claim(clock())
        if run is None:
            break
        with Heartbeat(run=run, lease=LEASE):
            steps += _work(run, clock=clock, deadline=deadline)
    return steps


def _claim(now: datetime) -> Run | None:
    while True:
        due = Run.objects.claimable(now).order_by("claimable_at", "pk")
        run = due.select_for_update(skip_locked=True).first()
        if run is None:
            return None
        if run.asked:
            _obey(run, now)  # Asked of a worker that died before it could.
        elif run.attempts >= MAX_ATTEMPTS:
            _quarantine(run, now)
        else:
            _take(run, now)
        run.save()
        if run.state == Run.State.RUNNING:
            return run


def _take(run: Run, now: datetime) -> None:
    if run.state == Run.State.QUEUED:
        run.stint_started_at, run.stint_done = now, run.done
    run.state, run.claimable_at = Run.State.RUNNING, now + LEASE
    run.fence, run.attempts = run.fence + 1, run.attempts + 1
    run.started_at = run.started_at or now


def _quarantine(run: Run, now: datetime) -> None:
    """Set a run aside that kills its workers, before it takes the queue with it."""
    logger.error("run %s of kind %s is set aside after %s claims", run.pk, run.kind, run.attempts)
    # Kept in the reader's own language by the template; this is for the log and the API.
    _end(run, Run.State.FAILED, now, error=INTERRUPTED)
    run.can_resume = True
    audit.record(
        action="run.failed",
        subject=run,
        actor=_actor_of(run),
        now=now,
        data={"reason": "interrupted", "attempts": run.attempts},
    )


def _work(run: Run, *, clock: Callable[[], datetime], deadline: datetime) -> int:
    steps = 0
    while run.state == Run.State.RUNNING:
        try:
            run = _step(run, clock)
            steps += 1
            statistics.refresh(filled_by(run.kind), brand_id=run.brand_id)
        except LeaseLost:
            logger.warning("run %s was taken over; the late step was rolled back", run.pk)
            return steps
        except DomainError as refusal:
            _fail(run, str(refusal), clock())
            return steps
        except Exception:
            logger.exception("run %s: a step broke", run.pk)
            _retry_later(run, clock())
            return steps
        if run.state == Run.State.RUNNING and clock() >= deadline:
            _release(run, clock())
            return steps
    return steps


def _step(run: Run, clock: Callable[[], datetime]) -> Run:
    with tenant(run.brand_id):
        _limit_idle()
        step = handler_of(run.kind).step(run=RunView.of(run), actor=_actor_of(run), now=clock())
        faults.point("runs.before_checkpoint")
        return _checkpoint(run, step, clock())


def _limit_idle() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [IDLE_LIMIT]
        )


def _checkpoint(run: Run, step: Step, now: datetime) -> Run:
    held = _held(run)
    held.cursor, held.done, held.total = step.cursor, step.done, step.total
    held.result, held.attempts = held.result | step.result, 1
    held.claimable_at = now + LEASE
    if step.finished:
        _end(held, Run.State.SUCCEEDED, now)
        audit.record(action="run.succeeded", subject=held, actor=_actor_of(held), now=now)
    elif step.waits and held.asked != Run.Asked.CANCEL:
        # Nothing is left to pause; whoever is asked now has to find it waiting.
        held.state, held.asked = Run.State.WAITING, Run.Asked.NOTHING
    else:
        _obey(held, now)
    held.save()
    return held


def _obey(run: Run, now: datetime) -> None:
    if run.asked == Run.Asked.CANCEL:
        _tidy(run, now)
        _end(run, Run.State.CANCELLED, now)
        audit.record(action="run.cancelled", subject=run, actor=_actor_of(run), now=now)
    elif run.asked == Run.Asked.PAUSE:
        run.state, run.asked = Run.State.PAUSED, Run.Asked.NOTHING
        audit.record(action="run.paused", subject=run, actor=_actor_of(run), now=now)


def _tidy(run: Run, now: datetime) -> None:
    """Let the handler clear away; one that cannot must not keep the run, or the queue, alive."""
    try:
        with transaction.atomic():
            handler_of(run.kind).cancelled(run=RunView.of(run), actor=_actor_of(run), now=now)
    except Exception:
        logger.exception("run %s of kind %s: tidying up broke", run.pk, run.kind)


def _end(run: Run, state: Run.State, now: datetime, error: str = "") -> None:
    run.state, run.finished_at, run.error, run.asked = state, now, error, Run.Asked.NOTHING
    run.can_resume = False


def _fail(run: Run, error: str, now: datetime) -> None:
    with tenant(run.brand_id):
        try:
            held = _held(run)
        except LeaseLost:
            return
        _tidy(held, now)
        _end(held, Run.State.FAILED, now, error=error)
        held.save()
        audit.record(
            action="run.failed",
            subject=held,
            actor=_actor_of(held),
            now=now,
            data={"reason": "refused"},
        )


def _retry_later(run: Run, now: datetime) -> None:
    with tenant(run.brand_id):
        Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING).update(
            state=Run.State.QUEUED,
            claimable_at=now + RETRY_AFTER * RETRY_GROWTH ** (run.attempts - 1),
        )


def _release(run: Run, now: datetime) -> None:
    with tenant(run.brand_id):
        Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING).update(
            claimable_at=now, attempts=0
        )
        ring(BELL, run.brand_id)


def _held(run: Run) -> Run:
    """Lock the row and make sure that nobody has claimed it since.

    Raises:
        LeaseLost: somebody has.
    """
    held = Run.objects.select_for_update().get(pk=run.pk)
    if held.fence != run.fence or held.state != Run.State.RUNNING:
        raise LeaseLost("Another worker has taken this task over.")
    return held


def _actor_of(run: Run) -> Viewer:
    """Return who the run acts for: its requester's name and scope.

    All permissions: what the requester may start was decided when it was started.
    """
    return Viewer(
        brand_id=run.brand_id,
        label=run.requested_by_label,
        staff_id=run.requested_by_id,
        permissions=frozenset(Permission),
        dealer_ids=None if run.dealer_ids is None else frozenset(run.dealer_ids),
    )
