import pytest
from django.utils import timezone

from core.idempotency.models import IdempotencyKey
from core.kernel.scoping import tenant
from members.revealing import services
from members.revealing.models import Reveal
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
BODY = {"field": "phone", "reason": "complaint", "note": "wants to talk about the brakes"}


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, phone="+8613812341234")


def post(client, member, **changes):
    return client.post(
        f"/api/v1/members/{member.pk}/reveal/", BODY | changes, content_type="application/json"
    )


def test_answers_the_value_once_and_nobody_keeps_it(signed_in, member):
    answer = post(signed_in, member)
    assert answer.status_code == 200
    assert answer.json() == {"value": "13812341234", "left": 49}
    assert answer["Cache-Control"] == "no-store"
    assert "13812341234" not in str(signed_in.get(f"/api/v1/members/{member.pk}/").json())


def test_a_repeated_key_counts_again_and_keeps_nothing(signed_in, member, brand):
    answers = [
        signed_in.post(
            f"/api/v1/members/{member.pk}/reveal/",
            BODY,
            content_type="application/json",
            headers={"Idempotency-Key": "once"},
        )
        for _time in range(2)
    ]
    assert [answer.json()["left"] for answer in answers] == [49, 48]
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}
    with tenant(brand.pk):
        assert Reveal.objects.count() == 2
        assert not IdempotencyKey.objects.exists()


def test_names_elsewhere_are_whole_only_here(signed_in, member, brand):
    value = "oWx7-Qy5tBn3hZ9"
    places = ("/api/v1/identities/", f"/api/v1/identities/?value={value}")
    held = signed_in.post(
        places[0],
        {"member": member.pk, "kind": "unionid", "value": value},
        content_type="application/json",
    )
    assert held.status_code == 201
    places += (held["Location"], f"/api/v1/members/{member.pk}/", "/api/v1/members/")
    places += (f"/api/v1/members/{member.pk}/timeline/", "/api/v1/audit/")
    answers = [held, *(signed_in.get(place) for place in places)]
    assert {answer.status_code for answer in answers} == {200, 201}
    assert not [answer for answer in answers if value in answer.content.decode()]
    shown = post(signed_in, member, field="identity", of=held.json()["id"])
    assert shown.json() == {"value": value, "left": 49}


def test_the_cap_is_answered_429_with_when_and_who(signed_in, member, brand, actor):
    with tenant(brand.pk):
        services.change_limit(per_day=1, actor=actor, now=timezone.now())
    assert post(signed_in, member).status_code == 200
    answer = post(signed_in, member)
    assert answer.status_code == 429
    problem = answer.json()
    assert (problem["code"], problem["per_day"]) == ("too_many_reveals", 1)
    assert "resets_at" in problem
    assert 0 < int(answer["Retry-After"]) <= 24 * 3600 + 1
    assert "1" in problem["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"field": "salary"}, "/field"), ({"reason": ""}, "/reason"), ({"note": ""}, "/note")],
)
def test_wrong_bodies_name_the_field(signed_in, member, changes, pointer):
    answer = post(signed_in, member, **changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_dealers_reveal_their_own_members_only(client, brand):
    mine, other = DealerFactory.create_batch(2, brand=brand)
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_staff", dealer=mine)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    for dealer, status in ((mine, 200), (other, 404)):
        member = MemberFactory(brand=brand, home_dealer=dealer, phone=f"+86138{dealer.pk:08d}")
        assert post(client, member).status_code == status


def test_an_analyst_may_not(client, brand, member):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert post(client, member).status_code == 403
    with tenant(brand.pk):
        assert not Reveal.objects.exists()


def test_the_limit_is_read_and_set(signed_in):
    place = "/api/v1/reveal-limit/"
    assert signed_in.get(place).json() == {"per_day": 50}
    answer = signed_in.patch(place, {"per_day": 5}, content_type="application/json")
    assert answer.json() == {"per_day": 5}
    assert signed_in.get(place).json() == {"per_day": 5}
    answer = signed_in.patch(place, {"per_day": -1}, content_type="application/json")
    assert answer.status_code == 422
