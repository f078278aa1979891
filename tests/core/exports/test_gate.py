from datetime import timedelta

import pytest
from django.utils import timezone

from core.api_keys.models import ApiKey
from core.api_keys.selectors import person_of, viewer_of
from core.api_keys.services import create_api_key
from core.exports import handlers, rules, services
from core.exports.models import ExportRequest
from core.files.models import StoredFile
from core.kernel.access import Permission
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def people(brand, number):
    return [MemberFactory(brand=brand) for _n in range(number)]


def requests(brand):
    with tenant(brand.pk):
        return list(ExportRequest.objects.order_by("pk"))


def approve(brand, other):
    with tenant(brand.pk):
        row = ExportRequest.objects.get(state="waiting")
        return services.approve(
            request_id=row.pk, reason="年度回访", actor=other, now=timezone.now()
        )


def test_beyond_the_limit_an_export_waits_with_its_rows_counted(brand, waiting):
    run, request = waiting
    assert (run.state, run.total, run.done) == (Run.State.WAITING, 5, 0)
    assert (request.state, request.rows, request.rows_ceiling) == ("waiting", 5, 5)
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()


def test_up_to_the_limit_it_is_written_at_once(brand, person, export, work, few_alone):
    people(brand, 3)
    assert work(export(person)).state == Run.State.SUCCEEDED
    [row] = requests(brand)
    assert (row.state, row.rows) == ("alone", 3)


def test_a_list_without_people_never_waits(brand, person, export, work, few_alone):
    for _n in range(5):
        DealerFactory(brand=brand)
    assert work(export(person, key="dealers")).state == Run.State.SUCCEEDED
    assert requests(brand) == []


def test_many_small_files_of_a_day_are_one_large_one(brand, person, other, export, work, few_alone):
    people(brand, 2)
    assert work(export(person)).state == Run.State.SUCCEEDED
    assert work(export(person)).state == Run.State.WAITING
    assert work(export(other)).state == Run.State.SUCCEEDED, "another person has a day of their own"
    with tenant(brand.pk):
        ExportRequest.objects.filter(state="alone").update(
            requested_at=timezone.now() - rules.DAY - timedelta(minutes=1)
        )
    assert work(export(person)).state == Run.State.SUCCEEDED


def test_what_was_cancelled_does_not_count(brand, person, export, work, few_alone, monkeypatch):
    people(brand, 3)
    monkeypatch.setattr(handlers, "_join", refuse)
    assert work(export(person)).state == Run.State.FAILED
    monkeypatch.undo()
    monkeypatch.setattr(rules, "ALONE", 3)
    assert work(export(person)).state == Run.State.SUCCEEDED


def refuse(*_args):
    raise handlers.DomainError("no")


def test_a_program_counts_as_the_person_who_made_its_key(brand, person, export, work, few_alone):
    people(brand, 2)
    with tenant(brand.pk):
        key, _secret = create_api_key(
            name="Sync",
            permissions=[Permission.MEMBERS_VIEW],
            expires_at=None,
            actor=person,
            now=timezone.now(),
        )
    program = viewer_of(ApiKey.objects.get(pk=key.pk))
    assert work(export(program)).state == Run.State.SUCCEEDED
    assert work(export(person)).state == Run.State.WAITING
    assert {row.requested_by_id for row in requests(brand)} == {person.staff_id}


def test_approved_it_is_written(brand, waiting, other, work, rows_in):
    run, _request = waiting
    approve(brand, other)
    run = work(run)
    assert run.state == Run.State.SUCCEEDED
    assert len(rows_in(run)) == 1 + 5
    assert [row.state for row in requests(brand)] == ["approved"]


def test_a_list_that_grew_by_a_tenth_is_within_the_approval(
    brand, person, other, export, work, few_alone
):
    people(brand, 10)
    run = work(export(person))
    approve(brand, other)
    people(brand, 1)
    assert work(run).done == 11


def test_a_list_that_outgrew_its_approval_is_asked_about_anew(brand, waiting, other, work):
    run, _request = waiting
    approve(brand, other)
    people(brand, 1)
    run = work(run)
    assert (run.state, run.total) == (Run.State.WAITING, 6)
    assert [(row.state, row.rows) for row in requests(brand)] == [("outgrown", 5), ("waiting", 6)]


def test_growing_while_it_is_written_leaves_nothing_behind(
    brand, waiting, other, work, monkeypatch
):
    run, _request = waiting
    approve(brand, other)
    honest = handlers._begin

    def begin_then_grow(*args):
        step = honest(*args)
        people(brand, 2)
        return handlers.Step(cursor=step.cursor | {"at": 10**9}, total=step.total)

    monkeypatch.setattr(handlers, "_begin", begin_then_grow)
    run = work(run)
    assert (run.state, run.cursor, run.done) == (Run.State.WAITING, {}, 0)
    assert requests(brand)[-1].rows == 7
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    "change", [{"columns": ["name", "phone"]}, {"format": "xlsx"}], ids=["columns", "format"]
)
def test_an_approval_is_for_what_was_asked_and_nothing_else(brand, waiting, other, work, change):
    run, _request = waiting
    approve(brand, other)
    with tenant(brand.pk):
        row = Run.objects.get(pk=run.pk)
        row.params |= change
        row.save()
    assert work(run).state == Run.State.WAITING
    assert [row.state for row in requests(brand)] == ["outgrown", "waiting"]


def test_an_approval_does_not_hold_for_ever(brand, waiting, other, work):
    run, _request = waiting
    approve(brand, other)
    with tenant(brand.pk):
        ExportRequest.objects.update(lapses_at=timezone.now())
    assert work(run).state == Run.State.WAITING
    assert [row.state for row in requests(brand)] == ["lapsed", "waiting"]


def test_neither_a_pause_nor_going_on_leads_around_it(brand, waiting, person, work):
    run, _request = waiting
    with tenant(brand.pk):
        with pytest.raises(runs.RunWaits):
            runs.ask(run_id=run.pk, wish=Run.Asked.PAUSE, actor=person, now=timezone.now())
        with pytest.raises(runs.RunEnded):
            runs.resume(run_id=run.pk, actor=person, now=timezone.now())
    assert work(run).state == Run.State.WAITING


def test_a_run_put_back_by_hand_asks_again_and_writes_nothing(brand, waiting, work):
    """The gate is in the step, not in the state: moving the row does not open it."""
    run, _request = waiting
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(state="queued", claimable_at=timezone.now())
    assert work(run).state == Run.State.WAITING
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()


def test_what_was_typed_is_in_the_digest_but_not_to_be_read(brand, person, export, work, few_alone):
    MemberFactory(brand=brand, display_name="陈小宇")
    for query in ("q=陈小宇", "q=马明"):
        work(export(person, filters=query))
    first, second = requests(brand)
    assert bytes(first.digest) != bytes(second.digest)
    assert "陈小宇" not in first.words
    assert person_of(person) == person.staff_id
