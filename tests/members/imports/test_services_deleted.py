"""A file is brought in while somebody in it is being deleted, or was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.files import services as files
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.ports import RunView
from members.erasure import handlers, services
from members.imports import services as imports
from members.imports.handlers import ImportHandler
from members.imports.models import ImportJob, ImportRejection
from members.imports.reading import csv_file
from members.profiles.models import Member
from tests.factories.members import IdentityFactory, MemberFactory
from tests.members.imports.conftest import table

pytestmark = pytest.mark.django_db
HEAD = ("客户编号", "姓名", "手机", "App ID")
MAPPING = {"customer_no": "客户编号", "display_name": "姓名", "phone": "手机", "app_user": "App ID"}
ROWS = [
    ("C-100234", "欧阳若兰", "", ""),
    ("C-100235", "欧阳", "13812345678", ""),
    ("C-100236", "若兰", "", "oOUYANG1"),
    ("C-100237", "王芳", "13812345679", "oWANG1"),
]


@pytest.fixture
def half_gone(brand, actor, settings, tmp_path, monkeypatch):
    """Somebody whose rows are gone and whose texts are not: the search broke at once."""
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    member = MemberFactory(
        brand=brand, display_name="欧阳若兰", phone="+8613812345678", customer_no="C-100234"
    )
    IdentityFactory(brand=brand, member=member, kind="app_user", value="oOUYANG1")

    def broken(*_given):
        raise RuntimeError("no power")

    monkeypatch.setattr(handlers, "_search", broken)
    with tenant(brand.pk):
        why = {"typed_name": "欧阳若兰", "reason": "asked", "note": ""}
        services.request_erasure(member=member, **why, actor=actor, now=timezone.now())
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    with tenant(brand.pk):
        assert not Member.objects.exists()


@pytest.mark.usefixtures("half_gone")
def test_who_is_being_deleted_is_not_taken_in_again(brand, bring_in):
    with tenant(brand.pk):
        job = bring_in(table(HEAD, *ROWS), mapping=MAPPING)
        assert list(Member.objects.values_list("display_name", flat=True)) == ["王芳"]
        told = ImportRejection.objects.filter(job=job)
        assert [(r.row_number, r.code, r.value, r.column) for r in told.order_by("row_number")] == [
            (number, "deleted", "", "") for number in (2, 3, 4)
        ]
        assert job.rejected_count == 3


def test_a_reader_that_is_open_does_not_go_on_in_a_file_that_was_emptied(brand, actor, monkeypatch):
    monkeypatch.setattr(csv_file, "BATCH_BYTES", 64)
    now, handler = timezone.now(), ImportHandler()
    rows = [(f"C-10024{n}", "王芳", "", "") for n in range(9)]
    with tenant(brand.pk):
        job = imports.receive_file(
            file=table(HEAD, *rows), name="客户.csv", subject="members", actor=actor, now=now
        )
        run = imports.start_import(
            job_id=job.pk, mapping=MAPPING, options={}, is_dry_run=False, actor=actor, now=now
        )

        def step(cursor):
            seen = RunView(run.pk, brand.pk, run.params, cursor, 0, None)
            return handler.step(run=seen, actor=actor, now=now)

        cursor = step({}).cursor
        assert 0 < Member.objects.count() < len(rows)
        files.empty_file(stored=ImportJob.objects.get(pk=job.pk).file, name="…", now=now)
        with pytest.raises(files.FileGone, match="请用新文件导入"):
            step(cursor)
        handler.cancelled(
            run=RunView(run.pk, brand.pk, run.params, {}, 0, None), actor=actor, now=now
        )
