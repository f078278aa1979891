"""Invariant 10 through a real endpoint: one effect per key."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from core.audit.models import AuditEntry
from core.idempotency.models import IdempotencyKey
from core.kernel.scoping import tenant
from core.organizations import api, services
from core.organizations.models import Region

pytestmark = pytest.mark.django_db

URL = "/api/v1/regions/"


def post(client, key="k-1", code="EAST", name="华东大区", **headers):
    return client.post(
        URL,
        json.dumps({"code": code, "name": name}),
        content_type="application/json",
        headers={"Idempotency-Key": key, **headers},
    )


def rows(model, brand):
    with tenant(brand.pk):
        return list(model.objects.all())


def test_repeated_request_gets_the_first_answer_and_no_second_effect(signed_in, brand):
    first, second = post(signed_in), post(signed_in)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert len(rows(Region, brand)) == len(rows(AuditEntry, brand)) == 1


def test_order_of_the_bodys_keys_makes_no_difference(signed_in):
    post(signed_in)
    again = signed_in.post(
        URL,
        '{"name": "华东大区", "code": "EAST"}',
        content_type="application/json",
        headers={"Idempotency-Key": "k-1"},
    )
    assert again["Idempotency-Replayed"] == "true"


def test_same_key_with_another_body_is_refused(signed_in, brand):
    post(signed_in)
    refused = post(signed_in, code="WEST")
    assert refused.status_code == 422
    assert refused.json()["code"] == "idempotency_key_reused"
    assert len(rows(Region, brand)) == 1


def test_refused_request_may_be_mended_under_the_same_key(signed_in, brand):
    assert post(signed_in, name="").status_code == 422
    assert rows(IdempotencyKey, brand) == []
    assert post(signed_in).status_code == 201


def test_server_error_is_not_kept(signed_in, brand, monkeypatch):
    signed_in.raise_request_exception = False
    real = services.create_region

    def break_after_writing(**arguments):
        real(**arguments)
        raise RuntimeError("broken")

    monkeypatch.setattr(api.services, "create_region", break_after_writing)
    response = post(signed_in)
    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert rows(Region, brand) == rows(IdempotencyKey, brand) == []
    monkeypatch.undo()
    assert post(signed_in).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_64_rivals_with_one_key_have_one_effect(signed_in, brand):
    cookies = signed_in.cookies

    def one(_number):
        client = Client()
        client.cookies = cookies
        try:
            return post(client).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(one, range(64)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(rows(Region, brand)) == 1
