"""Where the database ends one of two transactions, the person is told to try again."""

import pytest
from django.db import connection
from django.urls import reverse

from members.duplicates import services as duplicates

pytestmark = pytest.mark.django_db


@pytest.fixture
def colliding(monkeypatch):
    """Let an act end as PostgreSQL ends it, with a code of its own choice."""

    def collide(code):
        def act(**_given):
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{code}'; END $$")

        monkeypatch.setattr(duplicates, "find_duplicates", act)

    return collide


@pytest.mark.parametrize("code", ["40P01", "40001"])
def test_a_program_may_try_again(client, api_key, colliding, code):
    colliding(code)
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = client.post("/api/v1/duplicates/find/", headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "collision"


@pytest.mark.parametrize("code", ["40P01", "40001"])
def test_so_may_a_person(signed_in, colliding, code):
    colliding(code)
    url = reverse("members:duplicates-find")
    page = signed_in.post(url)
    assert (page.status_code, page["Retry-After"]) == (503, "1")
    toast = signed_in.post(url, headers={"HX-Request": "true"})
    assert toast.status_code == 503
    assert "toast" in toast["HX-Trigger"]


def test_another_failure_stays_a_bug(client, signed_in, colliding):
    colliding("55000")
    client.raise_request_exception = False
    assert signed_in.post(reverse("members:duplicates-find")).status_code == 500
