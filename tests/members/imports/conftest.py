import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

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
