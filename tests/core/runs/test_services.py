from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.audit import services as audit
from core.audit.models import AuditEntry
from core.kernel.access import Viewer
from core.kernel.errors import DomainError
from core.kernel.scoping import tenant
from core.runs import ports, services
from core.runs.models import Run
from core.runs.ports import Step, register_run_kind

pytestmark = pytest.mark.django_db
START = timezone.now()
TOTAL = 5


class Clock:
    """Time that moves only when told, or a little with each look."""

    def __init__(self, tick=timedelta(0)):
        self.now, self.tick = START, tick

    def __call__(self):
        self.now += self.tick
        return self.now


class Counting:
    """Counts to ``TOTAL``, leaving one audit entry per step; breaks or refuses where told."""

    def __init__(self):
        self.breaks, self.refuses, self.asks, self.tidied = {}, {}, {}, []
        self.waits_after = 0
        self.tidying_breaks = False

    def step(self, *, run, actor, now):
        n = run.cursor.get("n", 0) + 1
        audit.record(
            action="test.stepped", subject=row(run.id), actor=actor, now=now, data={"n": n}
        )
        if self.breaks.get(n):
            self.breaks[n] -= 1
            raise RuntimeError(f"step {n} broke")
        if n in self.refuses:
            raise DomainError(self.refuses[n])
        if n in self.asks:
            services.ask(run_id=run.id, wish=self.asks.pop(n), actor=actor, now=now)
        counts = {"counts": {"done": n}}
        ends, waits = n == TOTAL, n == self.waits_after
        return Step(cursor={"n": n}, done=n, total=TOTAL, result=counts, finished=ends, waits=waits)

    def cancelled(self, *, run, actor, now):
        if self.tidying_breaks:
            raise RuntimeError("cannot tidy")
        self.tidied.append(run.cursor.get("n", 0))


def row(run_id):
    return Run.objects.get(pk=run_id)


@pytest.fixture
def handler(monkeypatch):
    monkeypatch.setattr(ports, "_handlers", dict(ports._handlers))
    handler = Counting()
    register_run_kind("counting", handler)
    return handler


@pytest.fixture
def rung(monkeypatch):
    """Bells, written down instead of sent."""
    bells = []
    monkeypatch.setattr(services, "ring", lambda *bell: bells.append(bell))
    return bells


@pytest.fixture
def run(handler, rung, brand, actor):
    with tenant(brand.pk):
        return services.start_run(
            kind="counting", title="Counting", params={}, actor=actor, now=START, total=TOTAL
        )


def work(brand, clock=None, budget=timedelta(minutes=1)):
    return services.work_due(brand_id=brand.pk, clock=clock or Clock(), budget=budget)


def seen(brand, run):
    with tenant(brand.pk):
        return row(run.pk)


def steps_of(brand):
    with tenant(brand.pk):
        entries = AuditEntry.objects.filter(action="test.stepped").order_by("pk")
        return [entry.data["n"] for entry in entries]


def test_a_run_is_done_step_by_step(brand, run):
    assert work(brand) == TOTAL
    after = seen(brand, run)
    assert (after.state, after.done, after.total) == ("succeeded", TOTAL, TOTAL)
    assert after.result == {"counts": {"done": TOTAL}}
    assert after.finished_at == START
    assert steps_of(brand) == [1, 2, 3, 4, 5]
    assert work(brand) == 0


def test_the_planner_learns_of_the_tables_a_step_has_filled(brand, run, monkeypatch):
    refreshed = []
    monkeypatch.setattr(
        services.statistics, "refresh", lambda models, **about: refreshed.append((models, about))
    )
    monkeypatch.setitem(ports._fills, "counting", (Run,))
    work(brand)
    assert refreshed == [((Run,), {"brand_id": brand.pk})] * TOTAL


def test_a_run_exists_only_if_its_transaction_commits(brand, handler, rung, actor):
    with tenant(brand.pk):
        services.start_run(kind="counting", title="x", params={}, actor=actor, now=START)
        transaction.set_rollback(True)
    with tenant(brand.pk):
        assert not Run.objects.exists()
    assert work(brand) == 0


def test_starting_rings_for_the_brand(brand, run, rung):
    assert rung == [(services.BELL, brand.pk)]


def test_the_budget_ends_a_turn_and_the_run_goes_on_in_the_next(brand, run, rung):
    clock = Clock(tick=timedelta(seconds=1))
    assert 0 < work(brand, clock, budget=timedelta(seconds=6)) < TOTAL
    assert seen(brand, run).state == "running"
    assert len(rung) == 2
    work(brand, clock)
    assert seen(brand, run).state == "succeeded"
    assert steps_of(brand) == [1, 2, 3, 4, 5]


def test_a_broken_step_leaves_nothing_and_is_tried_again(brand, run, handler):
    handler.breaks = {3: 1}
    clock = Clock()
    work(brand, clock)
    after = seen(brand, run)
    assert (after.state, after.done, after.cursor) == ("queued", 2, {"n": 2})
    assert steps_of(brand) == [1, 2]
    assert work(brand, clock) == 0, "not before the pause is over"
    clock.now += services.RETRY_AFTER
    work(brand, clock)
    assert seen(brand, run).state == "succeeded"
    assert steps_of(brand) == [1, 2, 3, 4, 5]


def test_a_run_that_keeps_breaking_is_set_aside_with_everything_kept(brand, run, handler):
    handler.breaks = {3: 99}
    clock = Clock()
    for _attempt in range(6):
        work(brand, clock)
        clock.now += timedelta(hours=1)
    after = seen(brand, run)
    assert (after.state, after.error, after.can_resume) == ("failed", services.INTERRUPTED, True)
    assert handler.breaks == {3: 99 - services.MAX_ATTEMPTS}
    assert after.cursor == {"n": 2}
    assert handler.tidied == []


def test_a_poisonous_run_does_not_hold_up_the_others(brand, run, handler, actor):
    handler.breaks = {1: 99}
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(attempts=services.MAX_ATTEMPTS)
        other = services.start_run(kind="counting", title="y", params={}, actor=actor, now=START)
    handler.breaks = {}
    work(brand)
    assert seen(brand, run).can_resume
    assert seen(brand, other).state == "succeeded"


def test_a_broken_run_goes_on_where_it_stopped(brand, run, handler, actor):
    handler.breaks = {3: services.MAX_ATTEMPTS}
    clock = Clock()
    for _attempt in range(4):
        work(brand, clock)
        clock.now += timedelta(hours=1)
    with tenant(brand.pk):
        services.resume(run_id=run.pk, actor=actor, now=clock.now)
    work(brand, clock)
    after = seen(brand, run)
    assert (after.state, after.error, after.can_resume) == ("succeeded", "", False)
    assert steps_of(brand) == [1, 2, 3, 4, 5]


def test_a_broken_run_can_be_given_up(brand, run, handler, actor):
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(attempts=services.MAX_ATTEMPTS)
    work(brand)
    with tenant(brand.pk):
        services.ask(run_id=run.pk, wish=Run.Asked.CANCEL, actor=actor, now=START)
    assert seen(brand, run).state == "cancelled"
    assert handler.tidied == [0]


def test_a_broken_run_whose_work_begins_anew_never_goes_on(brand, run, handler, actor):
    with tenant(brand.pk):
        assert not services.close(run_id=run.pk), "it has not ended"
        Run.objects.filter(pk=run.pk).update(attempts=services.MAX_ATTEMPTS)
    work(brand)
    with tenant(brand.pk):
        assert services.close(run_id=run.pk)
        with pytest.raises(services.RunEnded):
            services.resume(run_id=run.pk, actor=actor, now=START)
    assert seen(brand, run).state == "failed"


def test_a_refusal_ends_the_run_with_its_words(brand, run, handler, actor):
    handler.refuses = {2: "The file has no phone column."}
    work(brand)
    after = seen(brand, run)
    assert (after.state, after.error) == ("failed", "The file has no phone column.")
    assert not after.can_resume
    assert steps_of(brand) == [1]
    assert handler.tidied == [1]
    with tenant(brand.pk), pytest.raises(services.RunEnded):
        services.resume(run_id=run.pk, actor=actor, now=START)


def test_a_waiting_run_pauses_at_once_and_resumes(brand, run, actor):
    with tenant(brand.pk):
        services.ask(run_id=run.pk, wish=Run.Asked.PAUSE, actor=actor, now=START)
    assert seen(brand, run).state == "paused"
    assert work(brand) == 0
    with tenant(brand.pk):
        services.resume(run_id=run.pk, actor=actor, now=START)
    work(brand)
    assert seen(brand, run).state == "succeeded"


def test_a_running_run_pauses_after_its_step(brand, run, handler):
    handler.asks = {2: Run.Asked.PAUSE}
    assert work(brand) == 2
    after = seen(brand, run)
    assert (after.state, after.done, after.asked) == ("paused", 2, "")


def test_a_run_that_awaits_an_answer_has_nothing_left_to_pause(brand, run, handler):
    """Whoever is asked finds it waiting, or their answer would find nobody."""
    handler.waits_after, handler.asks = 2, {2: Run.Asked.PAUSE}
    assert work(brand) == 2
    after = seen(brand, run)
    assert (after.state, after.done, after.asked) == ("waiting", 2, "")


def test_a_running_run_is_cancelled_after_its_step(brand, run, handler):
    handler.asks = {2: Run.Asked.CANCEL}
    assert work(brand) == 2
    after = seen(brand, run)
    assert (after.state, after.done) == ("cancelled", 2)
    assert handler.tidied == [2]


def test_a_wish_left_to_a_dead_worker_is_obeyed_by_the_next(brand, run, handler, actor):
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(state="running", claimable_at=START, fence=1)
        services.ask(run_id=run.pk, wish=Run.Asked.CANCEL, actor=actor, now=START)
    assert seen(brand, run).state == "running"
    assert work(brand) == 0
    assert seen(brand, run).state == "cancelled"
    assert steps_of(brand) == []


def test_tidying_that_breaks_does_not_keep_a_run_alive(brand, run, handler, actor):
    handler.tidying_breaks = True
    with tenant(brand.pk):
        services.ask(run_id=run.pk, wish=Run.Asked.CANCEL, actor=actor, now=START)
    assert seen(brand, run).state == "cancelled"


@pytest.mark.parametrize("wish", [Run.Asked.PAUSE, Run.Asked.CANCEL])
def test_nothing_is_asked_of_a_run_that_ended(brand, run, actor, wish):
    work(brand)
    with tenant(brand.pk), pytest.raises(services.RunEnded):
        services.ask(run_id=run.pk, wish=wish, actor=actor, now=START)


def test_a_step_that_lost_its_lease_is_rolled_back(brand, run, handler):
    """The successor claims while the first worker is still at its step."""

    def lose_lease(*, run, actor, now):
        step = Counting.step(handler, run=run, actor=actor, now=now)
        Run.objects.filter(pk=run.id).update(fence=2)
        return step

    handler.step = lose_lease
    assert work(brand) == 0
    assert steps_of(brand) == []
    after = seen(brand, run)
    assert (after.done, after.cursor, after.state) == (0, {}, "running")


def test_a_dead_workers_run_is_taken_over_after_its_lease(brand, run):
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(
            state="running", claimable_at=START + services.LEASE, fence=1, attempts=1
        )
    clock = Clock()
    assert work(brand, clock) == 0
    clock.now += services.LEASE
    assert work(brand, clock) == TOTAL


def test_a_run_acts_in_its_requesters_name_and_scope(brand, handler, rung):
    seen_actors = []
    step = handler.step
    handler.step = lambda **given: (seen_actors.append(given["actor"]), step(**given))[1]
    requester = Viewer(brand_id=brand.pk, label="Chen", staff_id=7, dealer_ids=frozenset({3, 1}))
    with tenant(brand.pk):
        services.start_run(kind="counting", title="x", params={}, actor=requester, now=START)
    work(brand)
    assert (seen_actors[0].label, seen_actors[0].staff_id) == ("Chen", 7)
    assert seen_actors[0].dealer_ids == frozenset({1, 3})


def test_a_frozen_worker_does_not_hold_its_locks_for_ever(brand, run, handler):
    limits = []
    step = handler.step

    def look(**given):
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            limits.append(cursor.fetchone()[0])
        return step(**given)

    handler.step = look
    work(brand)
    assert set(limits) == {"1min"}


def test_the_pace_leaves_pauses_out(brand, run, actor):
    from core.runs import selectors

    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(
            state="running",
            stint_started_at=START,
            stint_done=100,
            done=300,
            total=1100,
            started_at=START - timedelta(days=1),
        )
        pace = selectors.pace_of(run=row(run.pk), now=START + timedelta(seconds=10))
    assert (pace.rate, pace.remaining) == (20.0, 40.0)
