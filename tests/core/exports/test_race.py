"""Two people, or two files, at the same moment. Each race has its control."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from core.exports import gate, services
from core.exports.models import ExportRequest
from core.kernel.errors import DomainError
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from core.staff.selectors import viewer_of_staff
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def at_once(*acts):
    """Run acts in threads of their own that begin together; return what each came to."""
    start = threading.Barrier(len(acts))

    def run(act):
        try:
            start.wait()
            return act()
        except DomainError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(run, act) for act in acts]]


def inside(brand, act, **asked):
    def do():
        with tenant(brand.pk):
            return act(**asked, now=timezone.now())

    return do


def deciding(brand, act, request, actor):
    return inside(brand, act, request_id=request.pk, reason="回访", actor=actor)


def ask_again(brand, person, export, work):
    run = work(export(person, columns=["name"]))
    with tenant(brand.pk):
        return run, ExportRequest.objects.get(run_id=run.pk)


def test_of_two_approvers_one_decides(brand, person, other, waiting, export, work):
    colleague = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=colleague, role="hq_admin")
    third = viewer_of_staff(staff_id=colleague.pk)
    run, request = waiting
    for _round in range(ROUNDS):
        answers = at_once(
            deciding(brand, services.approve, request, other),
            deciding(brand, services.refuse, request, third),
        )
        refused = [each for each in answers if isinstance(each, services.NotWaiting)]
        assert len(refused) == 1
        with tenant(brand.pk):
            request.refresh_from_db()
            run.refresh_from_db()
        approved = request.state == "approved"
        assert request.decided_by_id == (other if approved else third).staff_id
        assert run.state == ("queued" if approved else "failed")
        run, request = ask_again(brand, person, export, work)


def test_approved_while_cancelled_it_ends_one_way(brand, person, other, waiting, export, work):
    run, request = waiting
    for _round in range(ROUNDS):
        cancelling = inside(brand, runs.ask, run_id=run.pk, wish=Run.Asked.CANCEL, actor=person)
        at_once(deciding(brand, services.approve, request, other), cancelling)
        assert work(run).state == Run.State.CANCELLED
        with tenant(brand.pk):
            request.refresh_from_db()
        assert request.state == "withdrawn"
        run, request = ask_again(brand, person, export, work)


def two_files_at_once(brand, person, export):
    """Work on two files of two rows, of which a day allows three, in two workers."""
    for _n in range(2):
        MemberFactory(brand=brand)
    asked = [export(person, columns=["name"]) for _n in range(2)]

    def work_one():
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=runs.LEASE)

    at_once(work_one, work_one)
    with tenant(brand.pk):
        states = Run.objects.filter(pk__in=[run.pk for run in asked]).values_list("state")
        return sorted(state for (state,) in states)


@pytest.fixture
def together(monkeypatch):
    """Let both workers have added up the day before either writes."""
    met, honest = threading.Barrier(2), gate.taken_today

    def taken(**asked):
        number = honest(**asked)
        with contextlib.suppress(threading.BrokenBarrierError):
            met.wait(timeout=2)
        return number

    monkeypatch.setattr(gate, "taken_today", taken)


def test_two_files_at_once_cannot_both_be_the_last(brand, person, export, few_alone, together):
    assert two_files_at_once(brand, person, export) == ["succeeded", "waiting"]


def test_without_the_lock_they_are(brand, person, export, few_alone, together, monkeypatch):
    """The control: both look before either has written."""
    monkeypatch.setattr(gate, "_one_file_at_a_time", lambda *_asked: None)
    assert two_files_at_once(brand, person, export) == ["succeeded", "succeeded"]
