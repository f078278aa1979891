"""What every resource inherits: who gets in, in which transaction, what a refusal looks like."""

import sys

import pytest
from django.db import connection
from django.test import Client
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet
from core.kernel.errors import DomainError, Kind, Problem
from core.organizations.models import Region
from tests.factories.core import RegionFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"


class Stale(DomainError):
    code = "sample_stale"
    kind = Kind.STALE


class SampleViewSet(BrandViewSet):
    queryset = Region.objects.all()
    permissions = {
        "GET": None,
        "POST": Permission.SEGMENTS_EDIT,
        "destroy": Permission.ORGANIZATION_EDIT,
    }
    own_tenant_actions = frozenset({"create"})

    def list(self, request):
        return Response({"in_transaction": connection.in_atomic_block})

    def create(self, request):
        return Response({"in_transaction": connection.in_atomic_block})

    def update(self, request, **kwargs):
        return Response()

    def destroy(self, request, **kwargs):
        problem = Problem("/name", "changed", "Somebody was faster.")
        raise Stale("Read again.", problems=(problem,), version=7, status="hidden")


router = SimpleRouter()
router.register("samples", SampleViewSet, "samples")
urlpatterns = [path("api/", include(router.urls)), path("", include("config.urls"))]
handler404 = "core.kernel.error_pages.not_found"


@pytest.fixture(autouse=True)
def routes(settings):
    settings.ROOT_URLCONF = sys.modules[__name__]


def as_role(brand, role, **options):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role=role)
    client = Client(**options)
    client.force_login(staff, backend=BACKEND)
    return client


@pytest.mark.django_db(transaction=True)
def test_actions_that_open_their_own_tenant_run_outside_the_requests_transaction(brand):
    client = as_role(brand, "hq_admin")
    assert client.get("/api/samples/").json() == {"in_transaction": True}
    assert client.post("/api/samples/").json() == {"in_transaction": False}


@pytest.mark.django_db(transaction=True)
def test_with_an_idempotency_key_effect_and_answer_share_a_transaction(brand):
    client = as_role(brand, "hq_admin")
    response = client.post(
        "/api/samples/", {}, content_type="application/json", headers={"Idempotency-Key": "k"}
    )
    assert response.json() == {"in_transaction": True}


def test_role_without_the_permission_is_told_which_one_is_missing(brand):
    response = as_role(brand, "analyst").post("/api/samples/")
    assert response.status_code == 403
    assert response.json()["permission"] == "segments.edit"


def test_action_without_a_declared_permission_is_nobodys(brand):
    region = RegionFactory(brand=brand)
    response = as_role(brand, "hq_admin").put(f"/api/samples/{region.pk}/")
    assert response.status_code == 403


def test_permission_of_an_action_goes_before_that_of_its_method(brand):
    assert as_role(brand, "analyst").delete("/api/samples/1/").status_code == 403


def test_person_without_any_role_is_somebody_who_sees_nothing(brand):
    client = Client()
    client.force_login(StaffFactory(brand=brand), backend=BACKEND)
    assert client.get("/api/v1/dealers/").json()["results"] == []


def test_refusal_carries_its_facts_and_never_hides_the_standard_members(brand):
    response = as_role(brand, "hq_admin").delete("/api/samples/1/")
    assert response.status_code == 412
    assert response.json() == {
        "type": "urn:qunying:problem:sample_stale",
        "title": response.json()["title"],
        "status": 412,
        "detail": "Read again.",
        "code": "sample_stale",
        "errors": [{"pointer": "/name", "code": "changed", "detail": "Somebody was faster."}],
        "version": 7,
    }


def test_session_needs_the_csrf_token_to_write(brand):
    client = as_role(brand, "hq_admin", enforce_csrf_checks=True)
    response = client.post("/api/samples/")
    assert response.status_code == 403
    assert response.json()["code"] == "csrf_failed"
    assert client.get("/api/samples/").status_code == 200


def test_key_needs_no_csrf_token(brand, api_key):
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {api_key}"})
    assert client.post("/api/samples/").status_code == 200


def test_wrong_key_is_not_covered_by_a_good_session(brand):
    client = as_role(brand, "hq_admin")
    response = client.get("/api/samples/", headers={"Authorization": "Bearer qy_wrong"})
    assert response.status_code == 401


@pytest.mark.parametrize("scheme", ["Basic YTpi", "Bearer", "bearer", "Token x"])
def test_other_schemes_are_told_what_to_send(client, scheme):
    response = client.get("/api/samples/", headers={"Authorization": scheme})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_address_that_does_not_exist_is_a_problem_too(client):
    response = client.get("/api/v1/nowhere/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_problem_speaks_the_language_of_the_request(signed_in):
    told = {
        language: signed_in.get("/api/v1/dealers/9/", headers={"Accept-Language": language}).json()
        for language in ("zh-hans", "en")
    }
    assert told["en"]["title"] == "Not found"
    assert told["zh-hans"]["title"] != told["en"]["title"]
    assert told["zh-hans"]["code"] == told["en"]["code"]
