"""Bad inputs 1–19 of invariants.md, sent to the API as they would come from outside."""

import io
import logging
import socket
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.files.models import StoredFile
from core.kernel.scoping import tenant
from core.runs import services as runs
from members.imports import services
from members.imports.models import ImportJob
from members.imports.reading.ports import MAX_UPLOAD_BYTES
from members.profiles.models import Member
from tests.members.imports import bad_files as bad
from tests.members.imports.quine import quine
from tests.refusals import assert_noted, thrifty

pytestmark = pytest.mark.django_db

API = "/api/v1/imports/"
HEAD, GOOD = ",".join(bad.HEAD), ",".join(bad.GOOD)
HTML = b"<html><body><table><tr><td>1</td></tr></table></body></html>"

REFUSED = {
    "1 zip bomb": (bad.zip_bomb, 413, "file_too_large"),
    "1 zip bomb in a part nobody reads": (bad.zip_bomb_in_an_unread_part, 413, "file_too_large"),
    "1 zip that lies about its size": (bad.zip_that_lies_about_its_size, 422, "file_damaged"),
    "2 nested zip": (bad.nested_zip, 422, "archive_nested"),
    "2 zip that holds itself": (quine, 422, "archive_nested"),
    "3 entity bomb": (bad.entity_bomb, 422, "xml_entities"),
    "3 behind a long comment": (bad.entity_bomb_behind_a_long_comment, 422, "xml_entities"),
    "3 in UTF-16": (bad.entity_in_utf16, 422, "file_damaged"),
    "5 endless rows": (bad.endless_rows, 422, "too_many_rows"),
    "6 too wide": (bad.wide_book, 422, "too_many_columns"),
    "6 too wide CSV": (
        lambda: bad.csv_file(",".join(f"c{i}" for i in range(16_384)), "1"),
        422,
        "too_many_columns",
    ),
    "7 password": (bad.protected, 422, "file_protected"),
    "7 encrypted zip": (bad.flagged_as_encrypted, 422, "file_protected"),
    "8 PDF": (lambda: bad.PDF, 415, "file_type"),
    "8 EXE": (lambda: bad.EXE, 415, "file_type"),
    "8 xls": (bad.old_excel, 415, "file_type"),
    "9 cut short": (lambda: bad.book(bad.HEAD, bad.GOOD)[:-3000], 422, "file_damaged"),
    "9 damaged": (bad.damaged_in_the_middle, 422, "file_damaged"),
    "10 path": (bad.path_out_of_the_archive, 422, "archive_path"),
    "10 link": (bad.symbolic_link, 422, "archive_path"),
    "12 hidden sheet": (
        lambda: bad.book(bad.HEAD, bad.GOOD, change=bad.hide),
        422,
        "hidden_sheet",
    ),
    "12 very hidden": (
        lambda: bad.book(bad.HEAD, bad.GOOD, change=bad.hide_deeply),
        422,
        "hidden_sheet",
    ),
    "12 merged": (lambda: bad.book(bad.HEAD, bad.GOOD, change=bad.merge), 422, "merged_cells"),
    "12 duplicate header": (
        lambda: bad.book(["手机", "手机"], ["1", "2"]),
        422,
        "header_duplicate",
    ),
    "12 duplicate header CSV": (lambda: bad.csv_file("A,a", "1,2"), 422, "header_duplicate"),
    "12 missing header": (lambda: bad.book(["手机", None, "城市"], ["1"]), 422, "header_missing"),
    "12 no header": (lambda: bad.csv_file("", "1,2"), 422, "header_missing"),
    "12 formula header": (lambda: bad.book(["=A2", "b"], ["1"]), 422, "header_missing"),
    "14 Latin": (lambda: "naïve;café;Ünïcôdé\r\néé;ñ;ü\r\n".encode("latin-1"), 422, None),
    "16 EICAR": (lambda: bad.EICAR, 415, "file_type"),
    "16 scripted SVG": (lambda: bad.SVG, 415, "file_type"),
    "16 SVG behind XML": (lambda: b"<?xml version='1.0'?>" + bad.SVG, 415, "file_type"),
    "16 PDF and workbook": (lambda: bad.PDF + bad.book(bad.HEAD, bad.GOOD), 415, "file_type"),
    "16 page and workbook": (lambda: HTML + bad.book(bad.HEAD, bad.GOOD), 415, "file_type"),
    "16 page and CSV": (lambda: bad.csv_file(HEAD, GOOD) + HTML, 415, "file_type"),
    "17 huge picture": (bad.huge_picture, 422, "picture_too_large"),
    "17 picture": (bad.small_picture, 415, "file_type"),
    "19 empty": (lambda: b"", 422, "file_empty"),
    "19 only spaces": (lambda: b"\xef\xbb\xbf \r\n\r\n", 422, "file_empty"),
    "19 only a header": (lambda: bad.csv_file(HEAD, ""), 422, "no_rows"),
    "19 only a header XLSX": (lambda: bad.book(bad.HEAD), 422, "no_rows"),
    "19 only blank rows": (lambda: bad.csv_file(HEAD, ",,", " , ,"), 422, "no_rows"),
    "zip that is no workbook": (lambda: bad.rebuilt(_plain_zip()), 422, "not_a_workbook"),
}
ROW_ERRORS = {
    "11 formula": (lambda: bad.book(bad.HEAD, ["C2", "=1+1", "甲"], bad.GOOD), "formula", "手机"),
    "11 error value": (
        lambda: bad.book(bad.HEAD, ["C2", "#N/A", "甲"], bad.GOOD),
        "cell_error",
        "手机",
    ),
    "13 phone as a float": (
        lambda: bad.csv_file(HEAD, "C2,1.38E+10,甲", GOOD),
        "phone_scientific",
        "手机",
    ),
    "13 phone as a float XLSX": (
        lambda: bad.book(bad.HEAD, ["C2", "1.38E+10", "甲"], bad.GOOD),
        "phone_scientific",
        "手机",
    ),
    "15 NUL": (lambda: bad.csv_file(HEAD, "C2,13900000000,a\0b", GOOD), "nul_character", "姓名"),
    "15 unclosed quote": (lambda: bad.csv_file(HEAD, 'C2,"139,甲', GOOD), "quote_not_closed", ""),
    "15 unclosed quote far from the end": (
        lambda: bad.csv_file(HEAD, 'C2,"139,甲', GOOD, *[f"D{i},," for i in range(20_000)]),
        "quote_not_closed",
        "",
    ),
    "15 stray quote": (lambda: bad.csv_file(HEAD, 'C2,"139"x,甲', GOOD), "row_unreadable", ""),
    "15 10 MB cell": (
        lambda: bad.csv_file(HEAD, f"C2,{'1' * 10_000_000},甲", GOOD),
        "row_too_long",
        "",
    ),
    "15 quoted 10 MB cell": (
        lambda: bad.csv_file(HEAD, f'C2,"{"1" * 10_000_000}",甲', GOOD),
        "row_too_long",
        "",
    ),
    "15 long cell": (
        lambda: bad.csv_file(HEAD, f"C2,{'1' * 99_999},甲", GOOD),
        "cell_too_long",
        "",
    ),
    "too many cells": (lambda: bad.csv_file(HEAD, "C2,,甲,4", GOOD), "too_many_cells", ""),
}
READ = {
    "14 UTF-8": bad.csv_file(HEAD, GOOD),
    "14 BOM": bad.csv_file(HEAD, GOOD, encoding="utf-8-sig"),
    "14 GB18030": bad.csv_file(HEAD, GOOD, encoding="gb18030"),
    "14 UTF-16": bad.csv_file(HEAD, GOOD, encoding="utf-16"),
    "14 UTF-16 big-endian": b"\xfe\xff" + bad.csv_file(HEAD, GOOD, encoding="utf-16-be"),
    "semicolons": bad.csv_file(HEAD.replace(",", ";"), GOOD.replace(",", ";")),
    "tabs": bad.csv_file(HEAD.replace(",", "\t"), GOOD.replace(",", "\t")),
    "no last line end": bad.csv_file(HEAD, GOOD).rstrip(),
    "XLSX": bad.book(bad.HEAD, bad.GOOD),
    "XLSX with a number": bad.book(bad.HEAD, ["C1", 13812345678, "陈小宇"]),
}
NAMES = {
    "direction override": ("客户\u202exslx.exe", "客户xslx.exe"),
    # Inside a header of the form, a line end cuts the name short; what follows is no name.
    "line ends": ("a\r\nSet-Cookie: x=1\r\n.csv", None),
    "path": ("../../etc/passwd", "passwd"),
    "4 KB": ("长" * 1400 + ".csv", None),
}


def _plain_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return file.getvalue()


def upload(client, data, name="客户.csv"):
    return client.post(API, {"file": SimpleUploadedFile(name, data), "subject": "members"})


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_by_name_and_leaves_nothing(case, signed_in, brand, caplog):
    build, status, code = REFUSED[case]
    data = build()
    with caplog.at_level(logging.DEBUG), thrifty():
        response = upload(signed_in, data)
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert code is None or body["code"] == code
    assert body["detail"]
    told = {"pointer": "/file", "code": body["code"], "detail": body["detail"]}
    assert body["errors"] == [told]
    with tenant(brand.pk):
        assert not ImportJob.objects.exists()
        assert not StoredFile.objects.exists()
    assert_noted(caplog, path=API, code=body["code"], values=[*bad.GOOD[1:], "客户"])


@pytest.mark.parametrize("case", ROW_ERRORS)
def test_a_bad_row_stays_out_and_the_good_ones_come_in(case, signed_in, brand):
    build, code, column = ROW_ERRORS[case]
    data = build()
    with thrifty():
        job_id, job = brought_in(signed_in, brand, data)
    assert job["state"] == "succeeded", job["error"]
    assert job["read_count"] == job["created_count"] + job["rejected_count"]
    [rejection] = signed_in.get(f"{API}{job_id}/rejections/").json()["results"]
    assert (rejection["row_number"], rejection["column"], rejection["code"]) == (2, column, code)
    assert rejection["reason"]
    with tenant(brand.pk):
        assert Member.objects.filter(customer_no="C1").count() == 1


def brought_in(signed_in, brand, data):
    """Upload a file, start it and let it run; return what became of its job."""
    job_id = upload(signed_in, data, "客户.xlsx").json()["id"]
    start = signed_in.post(f"{API}{job_id}/start/", {}, content_type="application/json")
    assert start.status_code == 202, start.content
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=1))
    return job_id, signed_in.get(f"{API}{job_id}/").json()


@pytest.mark.parametrize("case", READ)
def test_every_usual_form_is_read(case, signed_in, brand):
    response = upload(signed_in, READ[case])
    assert response.status_code == 201, response.content
    assert response.json()["headers"] == bad.HEAD
    assert response.json()["mapping"] == {
        "customer_no": "客户编号",
        "phone": "手机",
        "display_name": "姓名",
    }
    signed_in.post(f"{API}{response.json()['id']}/start/", {}, content_type="application/json")
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=1))
    with tenant(brand.pk):
        member = Member.objects.get()
    assert (member.display_name, member.phone_tail) == ("陈小宇", "5678")


def test_the_zip_that_holds_itself_does():
    with zipfile.ZipFile(io.BytesIO(quine())) as archive:
        assert archive.testzip() is None
        assert archive.read("xl/r.zip") == quine()


def test_a_file_past_the_limit_is_refused_by_name(inside_brand, actor):
    class Endless:
        def seek(self, _offset, _whence):
            return MAX_UPLOAD_BYTES + 1

    with pytest.raises(services.UploadTooLarge) as refusal:
        services.receive_file(
            file=Endless(), name="x.csv", subject="members", actor=actor, now=timezone.now()
        )
    assert [problem.pointer for problem in refusal.value.problems] == ["/file"]


def test_an_external_entity_calls_nobody(signed_in):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        response = upload(signed_in, bad.external_entity(url))
        assert (response.status_code, response.json()["code"]) == (422, "xml_entities")
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("case", NAMES)
def test_a_dangerous_file_name_is_replaced(case, signed_in):
    name, safe = NAMES[case]
    upload_file = SimpleUploadedFile("x.csv", bad.csv_file(HEAD, GOOD))
    upload_file._name = name
    response = signed_in.post(API, {"file": upload_file, "subject": "members"})
    assert response.status_code == 201, response.content
    shown = response.json()["file_name"]
    assert shown.isprintable()
    assert len(shown) <= 120
    assert safe is None or shown == safe
    assert "Set-Cookie" not in shown
    assert "Set-Cookie" not in response.headers


def test_an_upload_past_the_limit_is_refused_before_it_is_read(signed_in):
    response = signed_in.generic(
        "POST", API, b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(2**40)
    )
    assert response.status_code == 413
