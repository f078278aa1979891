"""Steps of an import beside other work: another run of the file, a deletion, a long wait."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from core.audit.models import AuditEntry
from core.files import services as files
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from core.runs.ports import RunView
from members.imports import ahead, error_file, services, staging
from members.imports.handlers import ImportHandler
from members.imports.models import ImportJob
from members.imports.reading import csv_file
from members.profiles.models import Member
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = pytest.mark.django_db
ROWS = [("C1", "13812345678"), ("C2", "?")]


@pytest.fixture
def job(brand, actor):
    return services.receive_file(
        file=table(("客户编号", "手机"), *ROWS),
        name="客户.csv",
        subject="members",
        actor=actor,
        now=timezone.now(),
    )


@pytest.fixture
def start(job, actor, inside_brand):
    def begin():
        return services.start_import(
            job_id=job.pk,
            mapping=job.mapping,
            options={},
            is_dry_run=False,
            actor=actor,
            now=timezone.now(),
        )

    return begin


@pytest.fixture
def work_off(actor):
    """Step through a run to its end, as a worker does; return the last step."""

    def work(run):
        handler, step = ImportHandler(), None
        while step is None or not step.finished:
            seen = RunView.of(run)
            step = handler.step(run=seen, actor=actor, now=timezone.now())
            run.cursor, run.done = step.cursor, step.done
        return step

    return work


def kept(job):
    return ImportJob.objects.get(pk=job.pk)


def broke(run):
    Run.objects.filter(pk=run.pk).update(
        state="failed", can_resume=True, finished_at=timezone.now()
    )


def test_a_broken_run_does_not_go_on_once_the_file_was_started_anew(job, start, actor):
    first = start()
    broke(first)
    second = start()
    assert second.pk != first.pk
    for wish in (runs.resume, runs.ask):
        more = {"wish": Run.Asked.CANCEL} if wish is runs.ask else {}
        with pytest.raises(runs.RunEnded):
            wish(run_id=first.pk, actor=actor, now=timezone.now(), **more)
    assert kept(job).run_id == second.pk


def test_a_run_that_goes_on_meanwhile_lets_nobody_start_anew(job, start, actor, monkeypatch):
    broke(start())
    known = services.may_start

    def slow(*, job):
        found = known(job=job)
        runs.resume(run_id=job.run_id, actor=actor, now=timezone.now())
        return found

    monkeypatch.setattr(services, "may_start", slow)
    with pytest.raises(services.ImportUnderWay):
        start()


def test_a_run_of_before_reads_nothing_more(job, start, work_off):
    first = start()
    broke(first)
    second = start()
    work_off(first)
    assert counts(kept(job)) == (0, 0, 0, 0)
    assert not Member.objects.exists()
    assert not AuditEntry.objects.filter(action="import.finished").exists()
    work_off(second)
    assert counts(kept(job)) == (1, 0, 0, 1)
    assert (kept(job).read_count, Member.objects.count()) == (2, 1)


@pytest.mark.parametrize("where", [(staging, "bring_in"), (error_file, "write")])
def test_what_is_taken_out_of_a_job_meanwhile_stays_out(job, start, work_off, monkeypatch, where):
    module, name = where
    real = getattr(module, name)

    def beside(*given, **named):
        ImportJob.objects.filter(pk=job.pk).update(sample=[["…", "…"]])
        return real(*given, **named)

    monkeypatch.setattr(module, name, beside)
    work_off(start())
    after = kept(job)
    assert after.sample == [["…", "…"]]
    assert counts(after) == (1, 0, 0, 1)
    assert after.errors_file_id is not None
    assert after.finished_at is not None


def test_who_waits_for_the_reader_keeps_the_transaction_awake(job, start, work_off, monkeypatch):
    run, told, real = start(), threading.Event(), files.open_file
    monkeypatch.setattr(ahead, "AWAKE_SECONDS", 0.05)

    def slowly(**given):
        told.wait(5)
        return real(**given)

    def listen(execute, sql, *more):
        if sql == "SELECT 1":
            told.set()
        return execute(sql, *more)

    monkeypatch.setattr(files, "open_file", slowly)
    with connection.execute_wrapper(listen):
        work_off(run)
    assert told.is_set()
    with tenant(job.brand_id):
        assert counts(kept(job)) == (1, 0, 0, 1)


@pytest.mark.parametrize("subject", ["members", "orders"])
def test_who_takes_over_may_read_in_other_stretches(
    brand, actor, inside_brand, monkeypatch, subject
):
    """A new release reads more at once; nothing is left out, and nothing met twice."""
    if subject == "members":
        rows = [("客户编号", "姓名"), *((f"C{n}", "王芳") for n in range(40)), ("C3", "王芳")]
    else:
        MemberFactory(brand=brand, customer_no="C1")
        rows = [("客户编号", "下单时间", "金额"), *[("C1", "2024-03-01", "5")] * 40]
    now = timezone.now()
    about = {"name": "客户.csv", "subject": subject, "actor": actor, "now": now}
    job = services.receive_file(file=table(*rows), **about)
    begin = {"mapping": job.mapping, "options": {}, "is_dry_run": False}
    run = services.start_import(job_id=job.pk, **begin, actor=actor, now=now)
    with monkeypatch.context() as patch:
        patch.setattr(csv_file, "BATCH_BYTES", 256)
        for _step in range(2):
            step = ImportHandler().step(run=RunView.of(run), actor=actor, now=now)
            run.cursor, run.done = step.cursor, step.done
    handler = ImportHandler()
    while not step.finished:
        step = handler.step(run=RunView.of(run), actor=actor, now=now)
        run.cursor, run.done = step.cursor, step.done
    assert counts(kept(job)) == ((40, 0, 0, 1) if subject == "members" else (40, 0, 0, 0))
