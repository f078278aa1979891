import pytest
from django.urls import reverse
from django.utils.translation import override

from core.data_inventory import selectors
from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("core:data-inventory")


def test_shows_every_field_to_the_administrator(signed_in):
    answer = signed_in.get(PAGE)
    assert answer.status_code == 200
    tables = {table: lines for _name, table, lines in answer.context["tables"]}
    assert {line["field"] for line in tables["members.Member"]} >= {"phone_cipher", "display_name"}


def test_narrows_by_class_and_table(signed_in):
    answer = signed_in.get(PAGE, {"data_class": "sensitive", "table": "members.Vehicle"})
    [(name, table, lines)] = answer.context["tables"]
    assert (name, table) == ("车辆", "members.Vehicle")
    assert {line["field"] for line in lines} == {"vin_cipher", "vin_hash"}


def test_every_table_has_a_name_in_both_languages():
    """No call names these texts, so that the catalogues' own test cannot miss one."""
    for model in selectors.kept_models():
        with override("en"):
            name = selectors.name_of(model)
        with override("zh-hans"):
            assert selectors.name_of(model) != name, f'translate pgettext("table", "{name}")'


def test_a_filter_that_means_nothing_finds_nothing(signed_in):
    assert signed_in.get(PAGE, {"data_class": "secret"}).context["tables"] == []


def test_the_reviewer_may_see_it_and_a_dealer_may_not(client, brand):
    for role, status in (("hq_reviewer", 200), ("hq_operator", 403)):
        staff = StaffFactory(brand=brand)
        RoleGrantFactory(brand=brand, staff=staff, role=role)
        client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get(PAGE).status_code == status
