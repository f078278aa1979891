import pytest

from core.kernel.access import Permission
from core.search import ports
from core.search.console import clean_query
from core.search.ports import Hit, SearchSource, register_search
from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db


def labels(response):
    return [hit.label for group in response.context["groups"] for hit in group["hits"]]


def test_dealers_and_staff_are_found(signed_in, brand):
    DealerFactory(brand=brand, name="杭州滨江远航中心", code="HZ01")
    DealerFactory(brand=BrandFactory(), name="杭州别家")
    StaffFactory(brand=brand, display_name="杭天", username="hang")
    assert labels(signed_in.get("/search/?q=杭")) == ["杭州滨江远航中心", "杭天"]
    assert labels(signed_in.get("/search/?q=hz01")) == ["杭州滨江远航中心"]


def test_what_is_typed_is_taken_literally(signed_in, brand):
    DealerFactory(brand=brand, name="100%纯电中心")
    assert labels(signed_in.get("/search/?q=100%25")) == ["100%纯电中心"]
    for nothing in ("%25%25", "_", "'; --", "(a%2B)%2B%24", "%00"):
        assert labels(signed_in.get(f"/search/?q={nothing}")) == []


def test_a_dealer_finds_only_its_own(client, brand):
    mine = DealerFactory(brand=brand, name="杭州我的")
    DealerFactory(brand=brand, name="杭州别的")
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_staff", dealer=mine)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert labels(client.get("/search/?q=杭州")) == ["杭州我的"]


def test_apps_answer_only_whom_it_concerns(signed_in, client, brand, monkeypatch):
    monkeypatch.setattr(ports, "_sources", {})
    asked = []

    def provider(*, query, viewer, limit):
        asked.append(query)
        return [Hit(url="/x/", label="<b>x</b>")]

    register_search("x", SearchSource("X", provider, Permission.STAFF_EDIT))
    response = signed_in.get("/search/?q=Ｘ", headers={"HX-Request": "true"})
    assert "&lt;b&gt;x" in response.text
    assert "<html" not in response.text
    assert asked == ["X"]
    analyst = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=analyst, role="analyst")
    client.force_login(analyst, backend="django.contrib.auth.backends.ModelBackend")
    assert labels(client.get("/search/?q=X")) == []


def test_nothing_typed_offers_places(signed_in):
    response = signed_in.get("/search/", headers={"HX-Request": "true"})
    assert 'href="/staff/"' in response.text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("  王  小 ", "王 小"), ("１３８", "138"), ("a\u202eb\0c", "abc"), ("x" * 500, "x" * 60)],
)
def test_queries_are_cleaned(raw, clean):
    assert clean_query(raw) == clean


def test_searching_needs_few_queries(signed_in, brand, query_budget):
    DealerFactory(brand=brand, name="杭州")
    # One query for each source that people may search: members, communities, broadcasts, dealers;
    # and who somebody merged is now.
    with query_budget(6):
        signed_in.get("/search/?q=杭")
