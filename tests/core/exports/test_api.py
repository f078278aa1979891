import json

import pytest

from core.kernel.scoping import tenant
from core.runs.models import Run
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/exports/"


BACK = {"since": "2026-03-02", "until": "2026-03-01"}


@pytest.fixture
def post(client, api_key):
    def send(body, **headers):
        return client.post(
            URL,
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"} | headers,
        )

    return send


def test_an_export_is_asked_for_watched_and_fetched(client, brand, api_key, post, work):
    MemberFactory(brand=brand, display_name="陈小宇")
    answer = post({"list": "members", "filters": {"stage": "prospect"}, "columns": ["name"]})
    assert answer.status_code == 202
    assert answer.json()["file"] is None
    run = work(Run(pk=answer.json()["id"]))
    headers = {"Authorization": f"Bearer {api_key}"}
    told = client.get(answer["Location"], headers=headers).json()
    assert (told["state"], told["rows"]) == ("succeeded", 1)
    file = client.get(told["file"], headers=headers)
    assert "陈*宇" in b"".join(file.streaming_content).decode("utf-8-sig")
    assert run.requested_by_label == "Program"


def test_the_same_key_starts_one_run(brand, post):
    keys = {post({"list": "members"}, **{"Idempotency-Key": "a"}).json()["id"] for _n in range(3)}
    assert len(keys) == 1
    with tenant(brand.pk):
        assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"list": "nothing"}, "/list"),
        ({"list": "members", "filters": {"stage": "x"}}, "/filters/stage"),
        ({"list": "members", "columns": ["secret"]}, "/columns"),
        ({"list": "members", "format": "pdf"}, "/format"),
        pytest.param({"list": "audit", "filters": BACK}, "/filters/until", id="48 goes back"),
        ({"list": "members", "tenant_id": 1}, "/tenant_id"),
    ],
)
def test_what_is_wrong_is_named(brand, post, body, pointer):
    answer = post(body)
    assert answer.status_code == 422
    assert pointer in [problem["pointer"] for problem in answer.json()["errors"]]
    with tenant(brand.pk):
        assert not Run.objects.exists()
