from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.privacy import services
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
CONSENTS, TEXTS = "/api/v1/consents/", "/api/v1/consent-texts/"
TEXT = {"purpose": "marketing", "version": "1", "body": "We write to you."}


@pytest.fixture
def member(brand, actor):
    now = timezone.now()
    with tenant(brand.pk):
        services.add_text(
            **TEXT,
            effective_from=now - timedelta(days=2),
            needs_renewal=False,
            actor=actor,
            now=now,
        )
    return MemberFactory(brand=brand)


def post(client, path, body):
    return client.post(path, body, content_type="application/json")


def test_consent_is_given_and_withdrawn_with_evidence(signed_in, member):
    body = {"member": member.pk, "purpose": "marketing", "evidence": "form 1"}
    given = post(signed_in, CONSENTS, body)
    assert given.status_code == 201
    assert (given.json()["version"], given.json()["withdrawn_at"]) == ("1", None)
    path = f"{CONSENTS}{given.json()['id']}/withdraw/"
    gone = post(signed_in, path, {"evidence": "call 7"}).json()
    assert gone["withdrawn_at"]
    assert gone["withdrawn_evidence"] == "call 7"
    [row] = signed_in.get(f"{CONSENTS}?member={member.pk}").json()["results"]
    assert row == gone


def test_refusals_say_why(signed_in, member):
    body = {"member": member.pk, "purpose": "community", "evidence": "form 1"}
    answer = post(signed_in, CONSENTS, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent_text")
    answer = post(signed_in, CONSENTS, body | {"evidence": ""})
    assert answer.status_code == 422
    answer = post(signed_in, CONSENTS, body | {"purpose": "marketing", "version": "7"})
    assert answer.json()["errors"][0]["pointer"] == "/version"


def test_texts_are_added_and_never_changed(signed_in, member):
    body = TEXT | {"version": "2", "effective_from": "2036-01-01T00:00:00+08:00"}
    made = post(signed_in, TEXTS, body)
    assert made.status_code == 201
    assert post(signed_in, TEXTS, body).status_code == 422
    earlier = body | {"version": "3", "effective_from": "2035-12-31T00:00:00+08:00"}
    refused = post(signed_in, TEXTS, earlier)  # Bad input 48: version 2 would end before it starts.
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/effective_from"
    place = f"{TEXTS}{made.json()['id']}/"
    assert signed_in.get(place).json()["needs_renewal"] is False
    answer = signed_in.patch(place, {"body": "x"}, content_type="application/json")
    assert answer.status_code == 405
