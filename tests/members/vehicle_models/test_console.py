import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from members.vehicles.models import VehicleModel
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, VehicleFactory, VehicleModelFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LIST, NEW = reverse("members:vehicle-models-list"), reverse("members:vehicle-models-new")


def page(client, url, **more):
    return client.get(url, **more).content.decode()


def names(brand):
    with tenant(brand.pk):
        return list(VehicleModel.objects.order_by("pk").values_list("code", "name"))


def test_an_empty_list_says_what_to_do_and_stands_in_the_navigation(signed_in):
    shown = page(signed_in, LIST)
    assert "还没有车型" in shown
    assert NEW in shown
    assert LIST in page(signed_in, reverse("core:workbench"))


def test_a_model_is_added_in_a_drawer(signed_in, brand):
    drawer = page(signed_in, NEW, headers=HTMX)
    assert "<html" not in drawer
    assert 'name="code"' in drawer
    answer = signed_in.post(NEW, {"code": "E7", "name": "远航 E7"})
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert names(brand) == [("E7", "远航 E7")]


def test_a_refused_model_keeps_what_was_typed(signed_in, brand):
    VehicleModelFactory(brand=brand, code="E7", name="远航 E7")
    for body, field in [
        ({"code": "E 7", "name": "新款"}, "code"),
        ({"code": "e7", "name": "新款"}, "code"),
        ({"code": "S5", "name": "远航E7"}, "name"),
    ]:
        answer = signed_in.post(NEW, body)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert body["name"] in answer.content.decode()
    assert len(names(brand)) == 1


def test_a_model_is_renamed_and_its_code_is_not_asked(signed_in, brand):
    model = VehicleModelFactory(brand=brand, code="E7", name="远航 E7")
    url = reverse("members:vehicle-models-edit", args=[model.pk])
    drawer = page(signed_in, url, headers=HTMX)
    assert "远航 E7" in drawer
    assert 'name="code"' not in drawer
    assert signed_in.post(url, {"name": "远航 E7 Max", "version": 1}).status_code == 302
    assert names(brand) == [("E7", "远航 E7 Max")]


def test_the_list_counts_cars_and_offers_to_delete_what_has_none(signed_in, brand, query_budget):
    used, unused = (VehicleModelFactory(brand=brand) for _n in range(2))
    for _n in range(3):
        VehicleFactory(brand=brand, model=used)
    with query_budget(6):
        answer = signed_in.get(LIST)
    sizes = {model.pk: size.number for model, size in answer.context["rows"]}
    assert sizes == {used.pk: 3, unused.pk: 0}
    shown = answer.content.decode()
    ways = {pk: reverse("members:vehicle-models-delete", args=[pk]) for pk in sizes}
    assert ways[unused.pk] in shown
    assert ways[used.pk] not in shown
    assert signed_in.post(ways[used.pk]).status_code == 409
    assert unused.name in page(signed_in, ways[unused.pk], headers=HTMX)
    assert signed_in.post(ways[unused.pk]).status_code == 302
    assert names(brand) == [(used.code, used.name)]


def test_who_may_not_set_up_sees_neither_page_nor_way(client, brand):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="hq_operator")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(LIST).status_code == 403
    add = reverse("members:vehicles-add", args=[MemberFactory(brand=brand).pk])
    shown = page(client, add)
    assert "还没有车型" in shown
    assert LIST not in shown


def test_the_form_of_a_car_leads_to_the_models_while_there_is_none(signed_in, brand):
    add = reverse("members:vehicles-add", args=[MemberFactory(brand=brand).pk])
    assert LIST in page(signed_in, add, headers=HTMX)
    VehicleModelFactory(brand=brand)
    assert LIST not in page(signed_in, add, headers=HTMX)
