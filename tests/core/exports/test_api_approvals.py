import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.files.models import StoredFile
from core.kernel.scoping import tenant
from core.retention import services as retention
from core.staff.models import Staff
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/export-approvals/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def session(other):
    """Somebody else's browser; its CSRF check is REST framework's own, and tested there."""
    client = Client()
    client.force_login(Staff.objects.get(pk=other.staff_id), backend=BACKEND)
    return client


def send(client, url, body, **headers):
    return client.post(url, json.dumps(body), content_type="application/json", headers=headers)


def test_it_waits_is_listed_and_approved(waiting, session, work):
    run, request = waiting
    told = session.get(f"/api/v1/exports/{run.pk}/").json()
    assert (told["state"], told["file"]) == ("waiting", None)
    assert told["approval"]["id"] == request.pk
    [listed] = session.get(f"{URL}?state=waiting").json()["results"]
    assert (listed["rows"], listed["rows_ceiling"], listed["export"]) == (5, 5, run.pk)
    answer = send(session, f"{URL}{request.pk}/approve/", {"reason": "年度回访"})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    work(run)
    told = session.get(f"/api/v1/exports/{run.pk}/").json()
    assert told["state"] == "succeeded"
    assert told["expires_at"]
    assert [row["id"] for row in session.get("/api/v1/exports/").json()["results"]] == [run.pk]


def test_it_is_refused(waiting, session):
    run, request = waiting
    answer = send(session, f"{URL}{request.pk}/refuse/", {"reason": "列太多"})
    assert answer.json()["state"] == "refused"
    assert "列太多" in session.get(f"/api/v1/exports/{run.pk}/").json()["error"]
    again = send(session, f"{URL}{request.pk}/approve/", {"reason": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")


def test_a_program_may_look_but_not_decide(waiting, client, api_key):
    _run, request = waiting
    key = {"Authorization": f"Bearer {api_key}"}
    assert client.get(f"{URL}{request.pk}/", headers=key).status_code == 200
    answer = send(client, f"{URL}{request.pk}/approve/", {"reason": "x"}, **key)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_person")


def test_nobody_approves_their_own(waiting, signed_in):
    _run, request = waiting
    answer = send(signed_in, f"{URL}{request.pk}/approve/", {"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "own_export")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 301}, {"reason": 5}])
def test_a_reason_is_needed(waiting, session, body):
    _run, request = waiting
    answer = send(session, f"{URL}{request.pk}/approve/", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


def test_the_brand_says_how_long_a_file_is_kept(brand, person, export, work, actor):
    MemberFactory(brand=brand)
    with tenant(brand.pk):
        retention.change_rule(kind="export", days=2, actor=actor, now=timezone.now())
    work(export(person))
    with tenant(brand.pk):
        stored = StoredFile.objects.get(holds__isnull=False)
    assert stored.expires_at - stored.created_at == timedelta(days=2)


def test_an_expired_file_is_gone(brand, person, export, work, client, api_key):
    MemberFactory(brand=brand)
    run = work(export(person))
    with tenant(brand.pk):
        StoredFile.objects.update(expires_at=timezone.now() - timedelta(days=7))
    key = {"Authorization": f"Bearer {api_key}"}
    answer = client.get(f"/api/v1/exports/{run.pk}/file/", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (410, "file_gone")
