"""Pairs that refusals tell of: somebody's number with somebody else's phone, identity or car."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.services import work_due
from members.duplicates import services
from members.duplicates.models import DuplicatePair
from members.profiles.models import Member
from members.profiles.ports import MixUp
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import (
    IdentityFactory,
    MemberFactory,
    OwnershipFactory,
    VehicleModelFactory,
)

pytestmark = pytest.mark.django_db
VIN, DAY = "LSVAM4187C2184847", "2024-03-01"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def pairs(brand, **wanted):
    with tenant(brand.pk):
        rows = DuplicatePair.objects.filter(**wanted).order_by("pk")
        return [({r.first_id, r.second_id}, r.score, sorted(r.reasons)) for r in rows]


@pytest.fixture
def dealer(brand):
    return DealerFactory(brand=brand)


@pytest.fixture
def two(brand, dealer):
    """Two members of one dealer, known by number, phone, unionid and car."""
    both = [
        MemberFactory(
            brand=brand,
            customer_no=f"C{n}",
            display_name=name,
            phone=f"+861380000000{n}",
            home_dealer=dealer,
        )
        for n, name in ((1, "陈小宇"), (2, "马明"))
    ]
    IdentityFactory(brand=brand, member=both[1], kind="unionid", value="oM")
    return both


@pytest.fixture
def car(brand, two):
    model = VehicleModelFactory(brand=brand, code="E7", name="远航 E7")
    OwnershipFactory(brand=brand, member=two[1], vehicle__vin=VIN, vehicle__model=model)
    return model


@pytest.fixture
def ids(two):
    return {member.pk for member in two}


@pytest.fixture
def send(client, api_key):
    def ask(path, body, method="post"):
        return getattr(client, method)(
            f"/api/v1/{path}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )

    return ask


def test_batches_tell_as_files_do(brand, two, ids, car, send):
    row = {"customer_no": "C1", "phone": "13800000002"}
    assert send("members/batch/", {"rows": [row]}).json()["counts"]["refused"] == 1
    assert pairs(brand) == [(ids, 100, ["phone"])]
    owned = {"customer_no": "C1", "vin": VIN, "model": "E7", "delivered_on": DAY}
    assert send("vehicles/batch/", {"rows": [owned]}).json()["counts"]["refused"] == 1
    assert pairs(brand) == [(ids, 100, ["phone", "vin"])]


def test_an_order_of_two_members_tells_of_them(brand, two, ids, send):
    row = {
        "order_no": "O1",
        "customer_no": "C1",
        "phone": "13800000002",
        "ordered_at": "2024-05-06T10:00:00+08:00",
        "amount_fen": 100,
    }
    assert send("orders/batch/", {"rows": [row]}).json()["counts"]["refused"] == 1
    assert pairs(brand) == [(ids, 100, ["phone"])]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}])
def test_a_refused_single_entry_by_rest_tells_though_it_is_rolled_back(
    brand, two, ids, car, client, api_key, key
):
    one = two[0]
    headers = {"Authorization": f"Bearer {api_key}"} | key

    def ask(path, body, method="post"):
        kind = "application/json"
        return getattr(client, method)(f"/api/v1/{path}", body, kind, headers=headers)

    change = {"phone": "13800000002", "display_name": "改", "version": 1}
    assert ask(f"members/{one.pk}/", change, "patch").status_code == 422
    assert pairs(brand) == [(ids, 100, ["phone"])]
    identity = {"member": one.pk, "kind": "unionid", "value": "oM"}
    assert ask("identities/", identity).status_code == 409
    owned = {"member": one.pk, "vin": VIN, "model": car.pk, "delivered_on": DAY}
    assert ask("ownerships/", owned).status_code == 409
    number = {"customer_no": "C2", "version": 1}
    assert ask(f"members/{one.pk}/", number, "patch").status_code == 422
    assert pairs(brand) == [(ids, 100, ["customer_no", "phone", "unionid", "vin"])]
    with tenant(brand.pk):
        one.refresh_from_db()
        assert (one.display_name, one.version) == ("陈小宇", 1), "nothing else survives"


def test_the_form_tells_too_and_the_page_of_pairs_says_why(brand, two, ids, signed_in):
    url = reverse("members:members-edit", args=[two[0].pk])
    form = {"display_name": "陈小宇", "phone": "13800000002", "stage": "prospect", "version": "1"}
    answer = signed_in.post(url, form)
    assert answer.status_code == 422
    assert pairs(brand) == [(ids, 100, ["phone"])]
    page = signed_in.get(reverse("members:duplicates-list")).content.decode()
    assert "资料里把其中一人的手机号给了另一人" in page
    again = reverse("members:identities-add", args=[two[0].pk])
    assert signed_in.post(again, {"kind": "unionid", "value": "oM"}).status_code == 422
    assert pairs(brand) == [(ids, 100, ["phone", "unionid"])]


def test_who_is_new_or_has_it_already_is_no_pair(brand, two, car, send):
    new = {"display_name": "新", "phone": "13800000002"}
    assert send("members/", new).status_code == 422
    mine = {"member": two[1].pk, "vin": VIN, "model": car.pk, "delivered_on": DAY}
    assert send("ownerships/", mine).status_code == 409
    assert pairs(brand) == []


def test_a_pair_that_was_dismissed_stays_dismissed(brand, actor, two, ids, send):
    now = timezone.now()
    change = {"phone": "13800000002", "version": 1}
    assert send(f"members/{two[0].pk}/", change, "patch").status_code == 422
    with tenant(brand.pk):
        services.dismiss(pair=DuplicatePair.objects.get(), actor=actor, now=now)
    row = {"customer_no": "C1", "unionid": "oM"}
    assert send("members/batch/", {"rows": [row]}).json()["counts"]["refused"] == 1
    assert pairs(brand, state="open") == []
    assert pairs(brand, state="dismissed") == [(ids, 100, ["phone", "unionid"])]


def test_a_dealer_learns_of_no_member_of_another_dealer(brand, two, dealer, client, send):
    with tenant(brand.pk):
        Member.objects.filter(pk=two[1].pk).update(home_dealer=DealerFactory(brand=brand))
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_manager", dealer=dealer)
    client.force_login(person, backend=BACKEND)
    change = {"phone": "13800000002", "version": 1}
    url = f"/api/v1/members/{two[0].pk}/"
    assert client.patch(url, change, "application/json").status_code == 422
    assert len(pairs(brand)) == 1
    assert client.get("/api/v1/duplicates/").json()["results"] == []
    page = client.get(reverse("members:duplicates-list")).content.decode()
    assert str(two[1].pk) not in page.split("<main")[1]


def test_members_who_are_gone_or_of_another_brand_are_passed_over(brand, two, ids):
    stranger = MemberFactory()
    one, other = sorted(ids)
    with tenant(brand.pk):
        told = [MixUp("phone", one, stranger.pk), MixUp("phone", one, one), MixUp("vin", 1, other)]
        services.keep_told(mix_ups=told, brand_id=brand.pk, now=timezone.now())
    assert pairs(brand) == []


def test_the_search_keeps_what_a_refusal_told_and_forgets_its_own(brand, actor, two, ids):
    def look():
        with tenant(brand.pk):
            services.find_duplicates(actor=actor, now=timezone.now())
        work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))

    one, other = sorted(ids)
    with tenant(brand.pk):
        told = [MixUp("vin", other, one)]
        services.keep_told(mix_ups=told, brand_id=brand.pk, now=timezone.now())
    shared = IdentityFactory(brand=brand, member=two[0], kind="app_user", value="oM")
    look()
    assert pairs(brand) == [(ids, 97, ["identity", "vin"])]
    look()
    assert pairs(brand) == [(ids, 97, ["identity", "vin"])]
    with tenant(brand.pk):
        shared.delete()
    look()
    assert pairs(brand) == [(ids, 97, ["vin"])]
    with tenant(brand.pk):
        services.keep_told(
            mix_ups=[MixUp("phone", one, other)], brand_id=brand.pk, now=timezone.now()
        )
    assert pairs(brand) == [(ids, 100, ["phone", "vin"])]
