import re

import pytest

from core.audit.models import AuditEntry
from core.kernel.scoping import tenant
from core.staff.models import RoleGrant, Staff
from tests.factories.core import (
    DealerFactory,
    RegionFactory,
    RoleGrantFactory,
    StaffFactory,
    StoreFactory,
)

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def person(brand):
    return StaffFactory(brand=brand, display_name="陈可", username="chen.ke")


def signed_in_as(client, brand, role, **node):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role=role, **node)
    client.force_login(staff, backend=BACKEND)
    return staff


def names(response):
    return [row["staff"].display_name for row in response.context["rows"]]


def test_the_list_shows_people_with_their_roles(signed_in, brand, person):
    RoleGrantFactory(
        brand=brand,
        staff=person,
        role="dealer_manager",
        dealer=DealerFactory(brand=brand, name="滨江远航中心"),
    )
    StaffFactory(display_name="别家的人")
    response = signed_in.get("/staff/")
    assert "陈可" in response.text
    assert "滨江远航中心" in response.text
    assert "别家的人" not in response.text


def test_the_list_needs_few_queries_however_many_people(signed_in, brand, query_budget):
    for _n in range(12):
        RoleGrantFactory(
            brand=brand,
            staff=StaffFactory(brand=brand),
            role="dealer_staff",
            dealer=DealerFactory(brand=brand),
        )
    with query_budget(4):  # People, and the regions and dealers of the filters.
        assert len(names(signed_in.get("/staff/"))) == 13


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=可", ["陈可"]),
        ("?q=CHEN", ["陈可"]),
        ("?q=%25", []),
        ("?role=region_manager", ["陈可"]),
        ("?state=inactive", ["顾明"]),
        ("?role=nonsense", []),
    ],
)
def test_the_list_is_narrowed(signed_in, brand, person, query, found):
    RoleGrantFactory(
        brand=brand, staff=person, role="region_manager", region=RegionFactory(brand=brand)
    )
    StaffFactory(brand=brand, display_name="顾明", is_active=False)
    assert names(signed_in.get(f"/staff/{query}")) == found


def test_the_region_filter_reaches_its_dealers(signed_in, brand, person):
    dealer = DealerFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=dealer)
    assert names(signed_in.get(f"/staff/?region={dealer.region_id}")) == ["陈可"]
    assert names(signed_in.get(f"/staff/?region={RegionFactory(brand=brand).pk}")) == []


def test_a_dealer_manager_sees_only_the_dealers_people(client, brand, person):
    mine, theirs = DealerFactory(brand=brand), DealerFactory(brand=brand)
    me = signed_in_as(client, brand, "dealer_manager", dealer=mine)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=mine)
    RoleGrantFactory(
        brand=brand, staff=StaffFactory(brand=brand), role="dealer_staff", dealer=theirs
    )
    assert set(names(client.get("/staff/"))) == {me.display_name, "陈可"}
    assert client.get(f"/staff/{person.pk}/").status_code == 403


@pytest.mark.parametrize("role", ["hq_operator", "hq_reviewer", "analyst"])
def test_only_admins_edit_staff(client, brand, person, role):
    signed_in_as(client, brand, role)
    for path in ("new/", f"{person.pk}/", f"{person.pk}/edit/", f"{person.pk}/roles/new/"):
        assert client.get(f"/staff/{path}").status_code == 403
    assert client.post(f"/staff/{person.pk}/deactivate/").status_code == 403
    assert Staff.objects.get(pk=person.pk).is_active


def test_another_brands_person_does_not_exist(signed_in):
    other = StaffFactory()
    for path in ("", "edit/", "roles/new/", "deactivate/", "password/"):
        assert signed_in.get(f"/staff/{other.pk}/{path}").status_code == 404
    assert signed_in.post(f"/staff/{other.pk}/deactivate/").status_code == 404


def test_a_person_is_added_and_the_password_shown_once(signed_in, brand):
    response = signed_in.post(
        "/staff/new/", {"display_name": "沈宜", "username": "Shen.Yi", "email": ""}
    )
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    staff = Staff.objects.get(username="shen.yi")
    assert staff.check_password(response.context["secret"])
    assert response.context["secret"] not in signed_in.get(f"/staff/{staff.pk}/").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "chen.ke"}, "username"),
        ({"username": "有空格 的"}, "username"),
        ({"display_name": ""}, "display_name"),
        ({"email": "nonsense"}, "email"),
    ],
)
def test_a_refused_person_keeps_what_was_typed(signed_in, person, changes, field):
    values = {"display_name": "沈宜", "username": "shen.yi", "email": ""} | changes
    response = signed_in.post("/staff/new/", values)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert 'value="沈宜"' in response.text or field == "display_name"


def test_a_person_is_edited_in_a_drawer(signed_in, person):
    drawer = signed_in.get(f"/staff/{person.pk}/edit/", headers={"HX-Request": "true"})
    assert drawer.text.lstrip().startswith("<dialog")
    response = signed_in.post(
        f"/staff/{person.pk}/edit/",
        {"display_name": "陈可可", "email": ""},
        headers={"HX-Request": "true"},
    )
    assert response["HX-Redirect"] == f"/staff/{person.pk}/"
    assert Staff.objects.get(pk=person.pk).display_name == "陈可可"


def test_a_name_cannot_pass_for_a_colleagues(signed_in, person):
    for path, more in (("new/", {"username": "dudu"}), (f"{person.pk}/edit/", {})):
        typed = {"display_name": "Аdmin", "email": ""} | more
        response = signed_in.post(f"/staff/{path}", typed)
        assert response.status_code == 422
        assert "Аdmin" in response.text
        assert response.context["form"].errors["display_name"]
    signed_in.post(f"/staff/{person.pk}/edit/", {"display_name": "陈\u200d可可", "email": ""})
    assert Staff.objects.get(pk=person.pk).display_name == "陈可可"


def test_the_role_form_asks_only_for_fitting_nodes(signed_in, brand, person):
    store = StoreFactory(brand=brand)
    path = f"/staff/{person.pk}/roles/new/"
    assert "id_dealer" not in signed_in.get(path).text
    asked = signed_in.get(f"{path}?role=dealer_staff&dealer={store.dealer_id}").text
    assert "id_dealer" in asked
    assert f'value="{store.pk}"' in asked
    assert "id_region" not in asked
    assert "id_region" in signed_in.get(f"{path}?role=region_manager").text
    assert signed_in.get(f"{path}?role=nonsense&dealer=x").status_code == 200


def test_a_role_is_given_and_lifted(signed_in, brand, person):
    dealer = DealerFactory(brand=brand)
    path = f"/staff/{person.pk}/roles/"
    assert signed_in.post(f"{path}new/", {"role": "dealer_manager"}).status_code == 422
    values = {"role": "dealer_manager", "dealer": dealer.pk}
    assert signed_in.post(f"{path}new/", values).status_code == 302
    assert signed_in.post(f"{path}new/", values).status_code == 422, "once is enough"
    with tenant(brand.pk):
        grant = RoleGrant.objects.get(staff=person)
    assert signed_in.get(f"{path}{grant.pk}/lift/").status_code == 200
    assert signed_in.post(f"{path}{grant.pk}/lift/").status_code == 302
    with tenant(brand.pk):
        assert not RoleGrant.objects.filter(staff=person).exists()


def test_another_brands_dealer_is_no_choice(signed_in, person):
    values = {"role": "dealer_manager", "dealer": DealerFactory().pk}
    response = signed_in.post(f"/staff/{person.pk}/roles/new/", values)
    assert response.status_code == 422
    assert "dealer" in response.context["form"].errors


def test_own_access_is_not_offered_and_refused(signed_in, staff, brand):
    page = signed_in.get(f"/staff/{staff.pk}/").text
    assert "/deactivate/" not in page
    response = signed_in.post(f"/staff/{staff.pk}/deactivate/")
    assert response.status_code == 409
    assert Staff.objects.get(pk=staff.pk).is_active


def test_deactivating_signs_out_at_once(signed_in, client, brand, person):
    RoleGrantFactory(brand=brand, staff=person, role="hq_operator")
    theirs = type(client)()
    theirs.force_login(person, backend=BACKEND)
    assert theirs.get("/account/").status_code == 200
    assert signed_in.get(f"/staff/{person.pk}/deactivate/").status_code == 200
    assert signed_in.post(f"/staff/{person.pk}/deactivate/").status_code == 302
    assert theirs.get("/account/").status_code == 302
    signed_in.post(f"/staff/{person.pk}/reactivate/")
    assert Staff.objects.get(pk=person.pk).is_active


def test_a_new_password_arrives_in_a_dialog(signed_in, person):
    response = signed_in.post(f"/staff/{person.pk}/password/", headers={"HX-Request": "true"})
    assert response["HX-Retarget"] == "#layer"
    assert response["Cache-Control"] == "no-store"
    assert Staff.objects.get(pk=person.pk).check_password(response.context["secret"])


def test_an_admin_ends_a_persons_sessions(signed_in, client, brand, person):
    browsers = [type(client)() for _n in range(2)]
    for browser in browsers:
        browser.force_login(person, backend=BACKEND)
    page = signed_in.get(f"/staff/{person.pk}/").text
    (ref, _other) = re.findall(r"/sessions/([0-9a-f]{16})/end/", page)
    assert signed_in.post(f"/staff/{person.pk}/sessions/{ref}/end/").status_code == 302
    assert sorted(b.get("/account/").status_code for b in browsers) == [200, 302]
    signed_in.post(f"/staff/{person.pk}/sessions/end/")
    assert [b.get("/account/").status_code for b in browsers] == [302, 302]
    with tenant(brand.pk):
        assert AuditEntry.objects.filter(action__startswith="staff.session").count() == 2
