import io
import zipfile

import pytest
from django.utils import timezone
from openpyxl import Workbook

from core.files.models import StoredFile
from core.files.services import FileGone, open_file, store_upload
from core.kernel.scoping import tenant
from members.erasure import in_files
from members.erasure.ports import Searching
from members.erasure.rules import Kind, Trace, Traces

pytestmark = pytest.mark.django_db
TRACES = Traces(
    (
        Trace(1, Kind.NUMBER, "+8613812345678"),
        Trace(1, Kind.NAME, "欧阳若兰"),
        Trace(1, Kind.MASK, "138****5678"),
    )
)


def workbook(*rows):
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def zipped(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.json", text)
    return out.getvalue()


def keep(brand, actor, content, name="客户.csv"):
    return store_upload(
        brand_id=brand.pk,
        name=name,
        chunks=[content],
        limit_bytes=10**8,
        actor=actor,
        now=timezone.now(),
    )


def search(brand, callbacks):
    at = None
    with callbacks(execute=True), tenant(brand.pk):
        while True:
            now = timezone.now()
            at = in_files.step(Searching(brand_id=brand.pk, traces=TRACES, at=at, now=now))
            if at is None:
                return


HOLDING = {
    "utf-8": "姓名,手机\n欧阳若兰,1\n".encode(),
    "bom": "姓名,手机\n欧阳若兰,1\n".encode("utf-8-sig"),
    "gb18030": "姓名,手机\n欧阳若兰,1\n".encode("gb18030"),
    "utf-16": "姓名,手机\n欧阳若兰,1\n".encode("utf-16"),
    "spaced phone": b"phone\n138 1234 5678\n",
    "any spaces": b"phone\n1 3 8-1234.5678\n",
    "masked": b"phone\n138****5678\n",
    "far behind": b"x,y\n" * 400_000 + b"13812345678\n",
    "name far behind": b"x,y\n" * 400_000 + "欧阳若兰,1\n".encode("gb18030"),
    "across blocks": b"x" * (in_files.BLOCK - 5) + b",13812345678\n",
    "workbook text": workbook(["姓名"], ["欧阳若兰"]),
    "workbook number": workbook(["手机"], [13812345678]),
    "escaped text": zipped("<t>&#27431;&#x9633;若兰</t>"),
    "zip": zipped('{"phone": "13812345678"}'),
    "broken zip": b"PK\x03\x04 nothing",
}


@pytest.mark.parametrize("kind", HOLDING)
def test_a_file_that_holds_somebody_goes(
    brand, actor, kind, django_capture_on_commit_callbacks, settings
):
    stored = keep(brand, actor, HOLDING[kind])
    search(brand, django_capture_on_commit_callbacks)
    assert [path for path in settings.FILES_DIR.rglob("*") if path.is_file()] == []
    with tenant(brand.pk):
        stored = StoredFile.objects.get(pk=stored.pk)
        with pytest.raises(FileGone):
            open_file(stored=stored, now=timezone.now())


@pytest.mark.parametrize(
    "content",
    ["姓名,手机\n欧阳,13812345679\n".encode(), workbook(["欧阳"], [13812345670]), b""],
)
def test_a_file_of_others_stays(brand, actor, content, django_capture_on_commit_callbacks):
    stored = keep(brand, actor, content)
    search(brand, django_capture_on_commit_callbacks)
    with tenant(brand.pk):
        stored = StoredFile.objects.get(pk=stored.pk)
        with open_file(stored=stored, now=timezone.now()) as file:
            assert file.read() == content


def test_a_name_of_a_file_is_a_text_too(brand, actor, django_capture_on_commit_callbacks):
    stored = keep(brand, actor, b"x", name="欧阳若兰的订单.csv")
    search(brand, django_capture_on_commit_callbacks)
    with tenant(brand.pk):
        assert StoredFile.objects.get(pk=stored.pk).name == "….csv".replace("…", "…的订单")
