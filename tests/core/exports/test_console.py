import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from core.runs.models import Run
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NEW = "core:exports-new"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def address(**query):
    return reverse(NEW, query=query)


def test_the_question_says_how_many_rows_and_which_columns(signed_in, brand, query_budget):
    for _n in range(3):
        MemberFactory(brand=brand)
    with query_budget(26):
        page = signed_in.get(address(list="members", stage="prospect"))
    assert page.status_code == 200
    assert page.context["size"].startswith("3 ")
    assert 'name="columns" value="phone"' in page.content.decode()


def test_an_answer_starts_the_run_and_leads_to_it(signed_in, brand):
    MemberFactory(brand=brand)
    answer = signed_in.post(
        address(list="members", stage="prospect", after="x"),
        {"format": "csv", "columns": ["name", "phone"]},
    )
    with tenant(brand.pk):
        run = Run.objects.get(kind="export")
    assert answer.url == reverse("core:runs-detail", args=[run.pk])
    assert run.params["columns"] == ["name", "phone"]


def test_no_column_is_refused_and_starts_nothing(signed_in, brand):
    MemberFactory(brand=brand)
    answer = signed_in.post(address(list="members"), {"format": "csv"})
    assert answer.status_code == 422
    with tenant(brand.pk):
        assert not Run.objects.exists()


def test_nothing_to_export_is_said(signed_in):
    page = signed_in.get(address(list="members"))
    assert page.context["is_empty"]


def test_a_list_one_may_not_see_is_refused(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend=BACKEND)
    assert client.get(address(list="staff")).status_code == 403
    assert client.get(address(list="nothing")).status_code == 404


def test_the_list_offers_its_file_with_its_filters(signed_in, brand):
    MemberFactory(brand=brand)
    page = signed_in.get(reverse("members:members-list"), {"stage": "prospect", "after": ""})
    assert "/exports/new/?stage=prospect&amp;list=members" in page.content.decode()
