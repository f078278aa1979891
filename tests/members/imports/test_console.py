import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from members.imports import staging
from members.imports.models import ImportJob, ImportProfile
from members.imports.reading.ports import FileRefused
from members.profiles.models import Member
from tests.factories.members import VehicleModelFactory

pytestmark = pytest.mark.django_db

URL = "/members/imports/"
TABLE = "客户编号,手机,城市\nC1,13812345678,\nC2,x,\n"


def upload(client, text=TABLE, name="客户.csv"):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(f"{URL}new/", {"subject": "members", "file": file})


def choose(client, job_id, act="try", **values):
    columns = {"map_customer_no": "客户编号", "map_phone": "手机", "date_order": "auto"}
    return client.post(f"{URL}{job_id}/columns/", columns | values | {"act": act})


@pytest.fixture
def job_id(signed_in):
    return int(upload(signed_in).url.split("/")[-3])


def work_off(brand):
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=1))


def job_of(brand, job_id):
    with tenant(brand.pk):
        return ImportJob.objects.get(pk=job_id)


def test_an_upload_leads_to_its_columns(signed_in, job_id):
    page = signed_in.get(f"{URL}{job_id}/columns/")
    assert page.status_code == 200
    assert "138****5678" in page.content.decode()
    assert "13812345678" not in page.content.decode()


def test_a_refused_file_brings_the_form_back_and_keeps_nothing(signed_in, brand, files_dir):
    page = upload(signed_in, b"%PDF-1.7\n")
    assert page.status_code == 415
    assert "CSV" in page.content.decode()
    assert not [path for path in files_dir.rglob("*") if path.is_file()]


def test_a_trial_then_the_import(signed_in, brand, job_id):
    assert choose(signed_in, job_id).status_code == 302
    work_off(brand)
    page = signed_in.get(f"{URL}{job_id}/").content.decode()
    assert "12345678" not in page
    with tenant(brand.pk):
        assert not Member.objects.exists()
    assert signed_in.post(f"{URL}{job_id}/start/").status_code == 302
    work_off(brand)
    job = job_of(brand, job_id)
    assert (job.created_count, job.rejected_count, job.is_dry_run) == (1, 1, False)
    assert signed_in.post(f"{URL}{job_id}/start/").status_code == 409
    assert signed_in.get(f"{URL}{job_id}/columns/").status_code == 302


def test_rows_to_look_at_again_stand_below_what_came_in(signed_in, brand):
    VehicleModelFactory(brand=brand, code="E7")
    text = "客户编号,车架号,车型,交付日期\nC1,LSVAM4180C2184847,E7,2024-03-01\n"
    job_id = upload(signed_in, text)["Location"].strip("/").split("/")[-2]
    names = ("customer_no", "vin", "model", "delivered_on")
    header = text.splitlines()[0].split(",")
    mapped = {f"map_{name}": at for name, at in zip(names, header, strict=True)}
    signed_in.post(f"{URL}{job_id}/columns/", mapped | {"date_order": "auto", "act": "run"})
    work_off(brand)
    page = signed_in.get(f"{URL}{job_id}/").content.decode()
    assert "需要复核的行" in page
    assert "LSVAM4180C2184847" not in page
    listed = signed_in.get(f"/api/v1/imports/{job_id}/warnings/").json()["results"]
    assert [(row["row_number"], row["code"]) for row in listed] == [(2, "vin_check_digit")]
    assert signed_in.get(f"/api/v1/imports/{job_id}/rejections/").json()["results"] == []
    assert signed_in.get(f"/api/v1/imports/{job_id}/").json()["warning_count"] == 1


def test_a_column_chosen_is_shown_without_starting(signed_in, brand, job_id):
    page = choose(signed_in, job_id, act="look", map_city="城市", tags="甲")
    assert page.status_code == 200
    assert 'value="甲"' in page.content.decode()
    assert job_of(brand, job_id).run_id is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"map_phone": "客户编号"}, "客户编号"),
        ({"map_customer_no": "", "map_phone": ""}, "手机"),
        ({"default_city": "没有这个城市"}, "城市"),
        ({"consent": "community"}, "同意"),
    ],
)
def test_a_wrong_choice_is_told_and_keeps_what_was_typed(signed_in, brand, job_id, values, said):
    page = choose(signed_in, job_id, tags="留着", **values)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert "留着" in page.content.decode()
    assert job_of(brand, job_id).run_id is None


def test_columns_are_remembered_and_offered_again(signed_in, brand, job_id):
    choose(signed_in, job_id, profile_name="门店表", tags="十一月")
    with tenant(brand.pk):
        profile = ImportProfile.objects.get()
    assert profile.mapping == {"customer_no": "客户编号", "phone": "手机"}
    other = int(upload(signed_in).url.split("/")[-3])
    page = signed_in.get(f"{URL}{other}/columns/", {"profile": profile.pk}).content.decode()
    assert "门店表" in page
    assert "十一月" in page


def test_a_refused_import_says_why_and_starts_anew(signed_in, brand, job_id, monkeypatch):
    def broken(*_args):
        raise FileRefused("file_damaged", "坏了")

    with monkeypatch.context() as patch:
        patch.setattr(staging, "bring_in", broken)
        choose(signed_in, job_id, act="run")
        work_off(brand)
    page = signed_in.get(f"{URL}{job_id}/").content.decode()
    assert "坏了" in page
    assert f"{URL}{job_id}/retry/" not in page
    assert choose(signed_in, job_id, act="run").status_code == 302
    work_off(brand)
    assert job_of(brand, job_id).created_count == 1


def test_an_interrupted_import_goes_on_where_it_stopped(signed_in, brand, job_id):
    choose(signed_in, job_id, act="run")
    with tenant(brand.pk):
        Run.objects.update(state="failed", can_resume=True, finished_at=timezone.now())
    assert f"{URL}{job_id}/retry/" in signed_in.get(f"{URL}{job_id}/").content.decode()
    assert signed_in.post(f"{URL}{job_id}/retry/").status_code == 302
    work_off(brand)
    assert job_of(brand, job_id).created_count == 1


@pytest.mark.parametrize("subject", ["members", "orders"])
def test_the_template_fits_what_we_read(signed_in, subject):
    answer = signed_in.get(f"{URL}template/{subject}/")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 3
    assert len(set(rows[0])) == len(rows[0])
    file = SimpleUploadedFile("t.csv", answer.content)
    made = signed_in.post("/api/v1/imports/", {"file": file, "subject": subject})
    assert len(made.json()["mapping"]) == len(rows[0])


def test_a_template_of_nothing_is_not_found(signed_in):
    assert signed_in.get(f"{URL}template/cars/").status_code == 404


@pytest.mark.parametrize("state", ["", "waiting", "open", "succeeded", "failed"])
def test_the_list_is_narrowed_in_few_queries(signed_in, brand, job_id, state, query_budget):
    for _ in range(3):
        upload(signed_in)
    choose(signed_in, job_id)
    work_off(brand)
    signed_in.get(URL)
    with query_budget(4):
        page = signed_in.get(URL, {"state": state})
    assert page.status_code == 200
    assert ("客户.csv" in page.content.decode()) is (state in {"", "waiting"})
