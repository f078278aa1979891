import csv
import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from members.imports import services
from members.imports.models import ImportJob
from tests.factories.core import CityFactory, DealerFactory


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


@pytest.fixture
def hangzhou(brand):
    return CityFactory()


@pytest.fixture
def dealer(brand, hangzhou):
    return DealerFactory(brand=brand, code="HZ01", name="杭州滨江远航中心", city=hangzhou)


def table(*rows, encoding="utf-8", delimiter=","):
    """A CSV file in memory."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


@pytest.fixture
def bring_in(brand, actor):
    """Upload a table, start it with the suggested or given mapping, and work it off."""

    def run(file, subject="members", *, mapping=None, is_dry_run=False, **options):
        now = timezone.now()
        job = services.receive_file(
            file=file, name="客户.csv", subject=subject, actor=actor, now=now
        )
        services.start_import(
            job_id=job.pk,
            mapping=mapping or job.mapping,
            options=options,
            is_dry_run=is_dry_run,
            actor=actor,
            now=now,
        )
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=5))
        job = ImportJob.objects.select_related("run").get(pk=job.pk)
        assert job.run.state == "succeeded", job.run.error
        return job

    return run


def counts(job):
    """created, updated, unchanged, rejected"""
    return job.created_count, job.updated_count, job.unchanged_count, job.rejected_count


@pytest.fixture
def now():
    return timezone.now()


COLUMNS = {
    "customer_no": "客户编号",
    "display_name": "姓名",
    "phone": "手机",
    "joined_on": "入会日期",
    "vin": "车架号",
    "model": "车型",
    "delivered_on": "交付日期",
    "order_no": "订单号",
    "ordered_at": "下单时间",
    "amount": "金额",
}


@pytest.fixture
def by_file(brand):
    """Bring one row in by a file; return the code of its refusal, or nothing."""

    def bring(subject="members", **row):
        now, actor = timezone.now(), system_viewer(brand.pk)
        file = table([COLUMNS[name] for name in row], list(row.values()))
        job = services.receive_file(
            file=file, name="客户.csv", subject=subject, actor=actor, now=now
        )
        with tenant(brand.pk):
            services.start_import(
                job_id=job.pk,
                mapping=job.mapping,
                options={},
                is_dry_run=False,
                actor=actor,
                now=now,
            )
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
        with tenant(brand.pk):
            job = ImportJob.objects.get(pk=job.pk)
            return job.rejections.first().code if job.rejected_count else ""

    return bring


@pytest.fixture
def by_batch(client, api_key):
    """Send one row as a batch; return the code of its refusal, or nothing."""

    def send(kind="members", **row):
        answer = client.post(
            f"/api/v1/{kind}/batch/",
            json.dumps({"rows": [row]}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )
        assert answer.status_code == 200, answer.content
        [result] = answer.json()["results"]
        return result["errors"][0]["code"] if result["errors"] else ""

    return send
