from datetime import timedelta

import pytest
from django.utils import timezone

from communities.broadcasts import delivering
from communities.broadcasts.models import Broadcast, Delivery
from core.kernel.scoping import tenant
from tests.factories.communities import (
    BroadcastFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)
from tests.factories.core import DealerFactory

pytestmark = pytest.mark.django_db

API = "/api/v1/broadcasts/"
DRAFT = {"name": "冬季保养季", "purpose": "service", "body": "{room}，降温了"}


def send(client, method, url, **body):
    return getattr(client, method)(url, body, content_type="application/json")


def room_with_a_member(brand, **fields):
    room = RoomFactory(brand=brand, **fields)
    MembershipFactory(brand=brand, room=room)
    return room


def pointers(response):
    return {error["pointer"] for error in response.json()["errors"]}


def test_a_draft_is_written_read_and_changed(signed_in):
    made = send(signed_in, "post", API, **DRAFT, audience={"kinds": ["service"]})
    assert made.status_code == 201
    assert signed_in.get(made["Location"]).json() == made.json()
    changed = send(signed_in, "patch", made["Location"], version=1, name="二")
    assert (changed.json()["name"], changed.json()["version"]) == ("二", 2)
    assert changed.json()["audience"]["kinds"] == ["service"]
    stale = send(signed_in, "patch", made["Location"], version=1, name="三")
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"body": "嗨 {nick}"}, "/body"),
        ({"body": ""}, "/body"),
        ({"link": "javascript:alert(1)"}, "/link"),
        ({"purpose": "spam"}, "/purpose"),
        ({"audience": {"kinds": ["secret"]}}, "/audience/kinds/0"),
        ({"audience": {"community_ids": [2**62]}}, "/audience/community_ids"),
        ({"audience": {"city_codes": ["0000"]}}, "/audience/city_codes"),
        ({"scheduled_at": "2020-01-01T00:00:00+08:00"}, "/scheduled_at"),
        ({"brand_id": 1}, "/brand_id"),
        ({"state": "sent"}, "/state"),
    ],
)
def test_what_cannot_be_used_is_named(signed_in, brand, body, pointer):
    response = send(signed_in, "post", API, **DRAFT | body)
    assert response.status_code == 422
    assert pointers(response) == {pointer}
    with tenant(brand.pk):
        assert not Broadcast.objects.exists()


def test_a_foreign_dealer_does_not_exist(signed_in):
    response = send(signed_in, "post", API, **DRAFT, dealer=DealerFactory().pk)
    assert response.status_code == 422


def test_a_dry_run_counts_and_explains(signed_in, brand):
    PolicyFactory(brand=brand, kind="service")
    room = room_with_a_member(brand)
    room_with_a_member(brand)
    DeliveryFactory(brand=brand, room=room, is_marketing=True, state="sent")
    row = BroadcastFactory(brand=brand, purpose="marketing")
    found = signed_in.post(f"{API}{row.pk}/dry-run/").json()
    assert (found["rooms"], found["people"], found["rooms_selected"]) == (1, 1, 2)
    [left_out] = found["exclusions"]
    assert (left_out["reason"], left_out["kind"], left_out["rooms"]) == ("quota", "service", 1)
    assert left_out["next_allowed_at"] > timezone.now().isoformat()[:10]


def test_from_draft_to_report(signed_in, brand):
    room = room_with_a_member(brand)
    made = send(signed_in, "post", API, **DRAFT).json()
    url = f"{API}{made['id']}/"
    confirmed = send(signed_in, "post", f"{url}confirm/", version=made["version"])
    assert (confirmed.json()["state"], confirmed.json()["room_count"]) == ("sending", 1)
    delivering.deliver_due(brand_id=brand.pk, now=timezone.now(), budget=timedelta(seconds=10))
    [delivery] = signed_in.get(f"{url}deliveries/?state=sent").json()["results"]
    assert (delivery["room"], delivery["message_seq"], delivery["read_count"]) == (room.pk, 1, 0)
    report = signed_in.get(f"{url}report/").json()
    assert report["deliveries"] == {"sent": 1}
    assert (report["rooms"], report["people"], report["readers"]) == (1, 1, 0)


def test_confirming_twice_is_refused_and_repeated_with_a_key_is_not(signed_in, brand):
    room_with_a_member(brand)
    row = BroadcastFactory(brand=brand)
    url, key = f"{API}{row.pk}/confirm/", {"Idempotency-Key": "confirm-1"}
    body = {"data": {"version": 1}, "content_type": "application/json"}
    first = signed_in.post(url, **body, headers=key)
    assert signed_in.post(url, **body, headers=key).json() == first.json()
    assert signed_in.post(url, **body).status_code == 409
    with tenant(brand.pk):
        assert Delivery.objects.count() == 1


def test_a_refusal_says_why_and_when_it_is_allowed_next(signed_in, brand):
    PolicyFactory(brand=brand, kind="service")
    room = room_with_a_member(brand)
    DeliveryFactory(brand=brand, room=room, is_marketing=True, state="sent")
    row = BroadcastFactory(brand=brand, purpose="marketing")
    response = send(signed_in, "post", f"{API}{row.pk}/confirm/", version=1)
    assert response.status_code == 409
    refusal = response.json()
    assert refusal["code"] == "nothing_to_send"
    assert refusal["next_allowed_at"]
    assert refusal["exclusions"][0]["reason"] == "quota"


def test_is_paused_resumed_and_cancelled(signed_in, brand):
    row = BroadcastFactory(brand=brand, state="sending", scheduled_at=timezone.now())
    DeliveryFactory(brand=brand, broadcast=row, room=room_with_a_member(brand))
    for act, state in (("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
        response = signed_in.post(f"{API}{row.pk}/{act}/")
        assert (response.status_code, response.json()["state"]) == (200, state)
    assert signed_in.post(f"{API}{row.pk}/pause/").status_code == 409


@pytest.mark.parametrize("query", ["state=sent", "purpose=marketing", "limit=1", "ordering=id"])
def test_the_list_takes_its_parameters(signed_in, brand, query):
    BroadcastFactory(brand=brand, state="sent", purpose="marketing", scheduled_at=timezone.now())
    assert len(signed_in.get(f"{API}?{query}").json()["results"]) == 1


@pytest.mark.parametrize("query", ["state=nowhere", "body=x", "limit=1000000000"])
def test_the_list_takes_no_others(signed_in, query):
    assert signed_in.get(f"{API}?{query}").status_code == 400


def test_the_list_costs_the_same_however_long(signed_in, brand, query_budget):
    BroadcastFactory.create_batch(20, brand=brand)
    with query_budget(1):
        signed_in.get(API)
