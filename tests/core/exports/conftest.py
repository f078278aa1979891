import csv
import io
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from core.exports import services
from core.exports.rules import FileFormat
from core.files.models import StoredFile
from core.files.services import open_file
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run

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
    """A finished CSV's rows, its head first."""

    def read(run):
        text = bytes_of(run).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))

    return read
