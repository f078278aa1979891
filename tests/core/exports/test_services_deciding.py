from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.audit.models import AuditEntry
from core.exports import services
from core.exports.models import ExportRequest
from core.kernel.access import Permission
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run

pytestmark = pytest.mark.django_db
ACTS = [services.approve, services.refuse]
both = pytest.mark.parametrize("act", ACTS, ids=["approve", "refuse"])


@pytest.fixture
def decide(brand, waiting):
    def do(act, actor, *, reason="年度回访", now=None):
        with tenant(brand.pk):
            return act(
                request_id=waiting[1].pk, reason=reason, actor=actor, now=now or timezone.now()
            )

    return do


@both
def test_nobody_decides_about_their_own(decide, person, act):
    with pytest.raises(services.OwnExport):
        decide(act, person)


@both
def test_a_program_is_no_second_person(decide, other, act):
    with pytest.raises(services.NotAPerson):
        decide(act, replace(other, staff_id=None, api_key_id=7))


@both
def test_it_takes_the_permission_and_the_whole_brand(decide, other, act):
    with pytest.raises(Forbidden):
        decide(act, replace(other, permissions=frozenset({Permission.MEMBERS_VIEW})))
    with pytest.raises(NotFound):
        decide(act, replace(other, dealer_ids=frozenset({1})))


@both
def test_it_takes_a_reason(decide, other, act):
    with pytest.raises(InvalidInput) as refusal:
        decide(act, other, reason="  ")
    assert refusal.value.problems[0].pointer == "/reason"


@both
def test_a_decision_is_made_once(brand, decide, other, work, waiting, act):
    decide(act, other)
    for again in ACTS:
        with pytest.raises(services.NotWaiting, match="复核员"):
            decide(again, other)
    ended = Run.State.SUCCEEDED if act is services.approve else Run.State.FAILED
    assert work(waiting[0]).state == ended


def test_a_refusal_tells_whoever_asked_why(brand, decide, other, work, waiting):
    decide(services.refuse, other, reason="列太多")
    run = work(waiting[0])
    assert run.state == Run.State.FAILED
    assert "列太多" in run.error
    assert not run.can_resume


def test_every_step_is_in_the_trail_without_the_reason(brand, decide, other, waiting):
    decide(services.approve, other, reason="陈小宇要的")
    with tenant(brand.pk):
        entries = AuditEntry.objects.filter(action__startswith="export.").order_by("pk")
        assert [(e.action, e.actor_id, e.subject_id) for e in entries] == [
            ("export.approval_asked", waiting[1].requested_by_id, waiting[0].pk),
            ("export.approved", other.staff_id, waiting[0].pk),
        ]
        assert "陈小宇" not in str([entry.data for entry in entries])


def test_a_cancelled_export_is_withdrawn(brand, decide, person, other, waiting):
    with tenant(brand.pk):
        runs.ask(run_id=waiting[0].pk, wish=Run.Asked.CANCEL, actor=person, now=timezone.now())
        assert ExportRequest.objects.get().state == "withdrawn"
    with pytest.raises(services.NotWaiting):
        decide(services.approve, other)


def test_an_approved_export_can_still_be_cancelled(brand, decide, person, other, waiting, work):
    decide(services.approve, other)
    with tenant(brand.pk):
        runs.ask(run_id=waiting[0].pk, wish=Run.Asked.CANCEL, actor=person, now=timezone.now())
    assert work(waiting[0]).state == Run.State.CANCELLED
    with tenant(brand.pk):
        row = ExportRequest.objects.get()
    assert (row.state, row.decided_by_id) == ("withdrawn", other.staff_id)


def test_too_late_is_too_late(decide, other):
    with pytest.raises(services.NotWaiting):
        decide(services.approve, other, now=timezone.now() + services.HOLDS_FOR)


def test_the_database_itself_wants_two_people(brand, person, waiting):
    with tenant(brand.pk), pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.update(
            state="approved", decided_by_id=person.staff_id, decided_at=timezone.now()
        )


def test_what_nobody_decided_lapses(brand, waiting, work):
    later = timezone.now() + services.HOLDS_FOR
    assert services.lapse_due(brand_id=brand.pk, now=later - timedelta(minutes=1)) == 0
    assert services.lapse_due(brand_id=brand.pk, now=later) == 1
    run = work(waiting[0])
    assert run.state == Run.State.FAILED
    assert "7" in run.error
    with tenant(brand.pk):
        assert ExportRequest.objects.get().state == "lapsed"
        assert AuditEntry.objects.filter(action="export.lapsed").count() == 1
