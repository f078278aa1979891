import csv
import io
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from core.exports import rules, services
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.files.models import StoredFile
from core.files.services import open_file
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from core.staff.selectors import viewer_of_staff
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

BUDGET = timedelta(seconds=60)


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    return tmp_path


@pytest.fixture
def export(brand):
    """Ask for a file as ``actor``, outside any tenant."""

    def ask(actor, *, key="members", filters="", columns=(), file_format="csv"):
        with tenant(brand.pk):
            return services.start_export(
                list_key=key,
                query=QueryDict(filters),
                columns=columns,
                file_format=FileFormat(file_format),
                actor=actor,
                now=timezone.now(),
            )

    return ask


@pytest.fixture
def work(brand):
    """Do all that is due, and return the run as it is then."""

    def do(run):
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=BUDGET)
        with tenant(brand.pk):
            return Run.objects.get(pk=run.pk)

    return do


@pytest.fixture
def bytes_of(brand):
    """What a finished run's file holds."""

    def read(run):
        with tenant(brand.pk):
            stored = StoredFile.objects.get(pk=run.result["files"][0]["file_id"])
            with open_file(stored=stored, now=timezone.now()) as handle:
                return handle.read()

    return read


@pytest.fixture
def rows_in(bytes_of):
    """A finished CSV's rows, its head first, without the watermark at its end."""

    def read(run):
        text = bytes_of(run).decode("utf-8-sig")
        *rows, mark = csv.reader(io.StringIO(text, newline=""))
        assert mark[0].startswith("# ")
        return rows

    return read


@pytest.fixture
def few_alone(monkeypatch):
    """Three rows about people a day are what somebody takes alone."""
    monkeypatch.setattr(rules, "ALONE", 3)


@pytest.fixture
def person(staff):
    """Who asks: an HQ admin."""
    return viewer_of_staff(staff_id=staff.pk)


@pytest.fixture
def other(brand):
    """Somebody else who may approve."""
    colleague = StaffFactory(brand=brand, display_name="复核员")
    RoleGrantFactory(brand=brand, staff=colleague, role="hq_reviewer")
    return viewer_of_staff(staff_id=colleague.pk)


@pytest.fixture
def waiting(brand, person, export, work, few_alone):
    """An export of five members that awaits a second person, and its request."""
    for _n in range(5):
        MemberFactory(brand=brand)
    run = work(export(person, columns=["name"]))
    with tenant(brand.pk):
        return run, ExportRequest.objects.get(run_id=run.pk)
