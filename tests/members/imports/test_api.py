from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from members.imports.models import ImportJob
from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db

API = "/api/v1/imports/"


def upload(client, text="客户编号,手机\nC1,13812345678\n", subject="members", **extra):
    file = SimpleUploadedFile("客户.csv", text.encode())
    return client.post(API, {"file": file, "subject": subject} | extra)


def start(client, job_id, **body):
    return client.post(f"{API}{job_id}/start/", body, content_type="application/json")


def test_an_upload_says_what_it_found_and_where_it_lives(signed_in):
    made = upload(signed_in)
    assert made.status_code == 201
    body = signed_in.get(made["Location"]).json()
    assert body == made.json()
    assert (body["state"], body["row_estimate"], body["file_name"]) == ("uploaded", 1, "客户.csv")
    assert body["mapping"] == {"customer_no": "客户编号", "phone": "手机"}


def test_a_start_is_accepted_once(signed_in):
    job_id = upload(signed_in).json()["id"]
    assert start(signed_in, job_id).status_code == 202
    again = start(signed_in, job_id)
    assert (again.status_code, again.json()["code"]) == (409, "import_under_way")


def test_a_wrong_mapping_names_each_field(signed_in):
    job_id = upload(signed_in).json()["id"]
    refused = start(signed_in, job_id, mapping={"phone": "没有", "colour": "手机"})
    assert refused.status_code == 422
    pointers = {entry["pointer"] for entry in refused.json()["errors"]}
    assert pointers == {"/mapping/phone", "/mapping/colour"}


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({"consent": 5}, {"/options/consent": "invalid"}),
        ({"consent": {"community": True}}, {"/options/consent": "invalid"}),
        ({"consent": True}, {"/options/consent": "invalid"}),
        ({"currency": ["USD"]}, {"/options/currency": "invalid"}),
        (
            {"create_tags": [1], "tags": {"a": 1}},
            {"/options/create_tags": "invalid", "/options/tags": "invalid"},
        ),
        ({"tags": "好;<b>"}, {"/options/tags": "tag_name"}),
        ({"tags": "长" * 41}, {"/options/tags": "too_long"}),
        ({"tags": ";".join(f"t{n}" for n in range(60))}, {"/options/tags": "too_many_tags"}),
        ({"tag_group": "а-b-Qunуing"}, {"/options/tag_group": "name_alphabets"}),
    ],
)
def test_options_that_cannot_be_are_named_before_anything_starts(signed_in, brand, options, codes):
    job_id = upload(signed_in).json()["id"]
    refused = start(signed_in, job_id, options=options)
    assert refused.status_code == 422, refused.content
    assert {each["pointer"]: each["code"] for each in refused.json()["errors"]} == codes
    assert all(each["detail"] for each in refused.json()["errors"])
    with tenant(brand.pk):
        assert not Run.objects.exists()


def test_a_purpose_named_twice_counts_once(signed_in):
    job_id = upload(signed_in).json()["id"]
    options = {"consent": ["community", "community", ""], "consent_evidence": "纸质表"}
    assert start(signed_in, job_id, options=options).status_code == 202
    kept = signed_in.get(f"{API}{job_id}/").json()["options"]
    assert kept["consent"] == ["community"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"subject": "cars"}, "/subject"),
        ({"subject": "members", "brand_id": "1"}, "/brand_id"),
    ],
)
def test_an_upload_of_another_shape_is_refused(signed_in, body, pointer):
    file = SimpleUploadedFile("x.csv", b"a\n1")
    refused = signed_in.post(API, {"file": file} | body)
    assert refused.status_code == 422
    assert pointer in {entry["pointer"] for entry in refused.json()["errors"]}


def test_an_upload_without_a_file_is_refused(signed_in):
    refused = signed_in.post(API, {"subject": "members"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/file")


def test_every_row_that_stayed_out_is_on_some_page(signed_in, brand):
    lines = "".join(f"C{i},1\n" for i in range(60))
    job_id = upload(signed_in, f"客户编号,手机\n{lines}").json()["id"]
    start(signed_in, job_id)
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=1))
    address = f"{API}{job_id}/rejections/"
    for limit, pages in ((None, [50, 10]), (25, [25, 25, 10])):
        seen, sizes, link = [], [], address if limit is None else f"{address}?limit={limit}"
        while link:
            page = signed_in.get(link)
            assert page.status_code == 200, page.content
            numbers = [row["row_number"] for row in page.json()["results"]]
            seen, sizes, link = seen + numbers, [*sizes, len(numbers)], page.json()["next"]
        assert sizes == pages
        assert seen == list(range(2, 62)), "the order of the file"
    assert signed_in.get(page.json()["previous"]).json()["results"][-1]["row_number"] == 51
    backwards = signed_in.get(address, {"ordering": "-row_number", "limit": 1}).json()
    assert [row["row_number"] for row in backwards["results"]] == [61]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subject=members", "unknown_parameter"),
        ("limit=0", "bad_limit"),
        ("ordering=value", "unknown_ordering"),
        ("cursor=n.e30", "bad_cursor"),
    ],
)
def test_pages_of_rejections_take_nothing_else(signed_in, query, code):
    job_id = upload(signed_in).json()["id"]
    refused = signed_in.get(f"{API}{job_id}/rejections/?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_a_dealer_may_not_import(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(
        brand=brand, staff=staff, role="dealer_manager", dealer=DealerFactory(brand=brand)
    )
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert upload(client).status_code == 403
    with tenant(brand.pk):
        assert not ImportJob.objects.exists()


def test_another_brands_import_does_not_exist(signed_in, client):
    job_id = upload(signed_in).json()["id"]
    other = StaffFactory(brand=BrandFactory())
    RoleGrantFactory(brand=other.brand, staff=other, role="hq_admin")
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{API}{job_id}/").status_code == 404
    assert client.get(f"{API}{job_id}/rejections/").status_code == 404
    assert start(client, job_id).status_code == 404
    assert client.get(API).json()["results"] == []


def test_the_list_takes_few_queries(signed_in, query_budget):
    for _ in range(5):
        upload(signed_in)
    with query_budget(2):
        rows = signed_in.get(API, {"subject": "members"}).json()["results"]
    assert len(rows) == 5
