"""Who took a file away, and when, stands in it; machines can still read it."""

import csv
import io
import re

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from core.files.models import StoredFile
from core.kernel.scoping import tenant
from core.staff.models import Staff
from core.staff.selectors import viewer_of_staff
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def wang(brand, staff):
    """Somebody whose name a spreadsheet would run."""
    Staff.objects.filter(pk=staff.pk).update(display_name="=王&芳")
    return viewer_of_staff(staff_id=staff.pk)


def test_a_csv_ends_with_the_watermark_and_each_line_has_as_many_cells(
    brand, wang, export, work, bytes_of
):
    for _n in range(2):
        MemberFactory(brand=brand)
    run = work(export(wang, columns=["name", "phone"]))
    text = bytes_of(run).decode("utf-8-sig")
    assert "\ufeff" not in text
    head, *rows, mark = csv.reader(io.StringIO(text, newline=""))
    assert {len(line) for line in (head, *rows, mark)} == {2}
    day = timezone.localdate().isoformat()
    assert re.match(rf"# .*=王&芳.*{day} \d\d:\d\d:\d\d.*{run.pk}.*2", mark[0])
    with tenant(brand.pk):
        name = StoredFile.objects.get(purpose="result").name
    assert name.endswith(f"{day} =王&芳.csv")


def test_a_workbook_shows_it_first_prints_it_and_carries_it(brand, wang, export, work, bytes_of):
    MemberFactory(brand=brand)
    run = work(export(wang, columns=["name", "phone"], file_format="xlsx"))
    book = load_workbook(io.BytesIO(bytes_of(run)))
    sheet = book.active
    mark = sheet["A1"]
    assert "=王&芳" in mark.value
    assert mark.data_type == "s"
    assert sheet.freeze_panes == "A3"
    assert [cell.value for cell in sheet[2]] != [None, None]
    assert "王＆芳" in sheet.oddHeader.center.text
    assert book.properties.creator == "=王&芳"
    assert book.properties.description == mark.value
