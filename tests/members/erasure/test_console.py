import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.erasure import services
from members.erasure.models import Erasure
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
TYPED = {"name": "欧阳若兰", "reason": "asked", "note": ""}


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="欧阳若兰", phone="+8613812345678")


def test_the_profile_leads_to_it(signed_in, member):
    page = signed_in.get(f"/members/{member.pk}/").content.decode()
    assert f"/members/{member.pk}/delete/" in page
    assert f"/members/{member.pk}/files/" in page


def test_a_wrong_name_keeps_what_was_typed(signed_in, member):
    answer = signed_in.post(f"/members/{member.pk}/delete/", TYPED | {"name": "某人", "note": "X7"})
    assert answer.status_code == 422
    assert "X7" in answer.content.decode()


def test_a_deleted_member_leaves_a_page_that_says_when(signed_in, member, work):
    assert signed_in.post(f"/members/{member.pk}/delete/", TYPED).status_code == 302
    work()
    answer = signed_in.get(f"/members/{member.pk}/")
    assert answer.status_code == 410
    text = answer.content.decode()
    assert "欧阳若兰" not in text
    assert f"#{member.pk}" in text
    assert f"#{member.pk}" in signed_in.get("/members/deletions/").content.decode()
    assert signed_in.get(f"/members/{member.pk}/delete/").status_code == 404


def test_while_it_waits_the_profile_says_so(brand, actor, signed_in, member):
    assert signed_in.post("/members/deletions/wait/", {"grace_days": "2"}).status_code == 302
    signed_in.post(f"/members/{member.pk}/delete/", TYPED)
    page = signed_in.get(f"/members/{member.pk}/").content.decode()
    assert "/members/deletions/" in page
    assert f"/members/{member.pk}/delete/" not in page
    with tenant(brand.pk):
        made = Erasure.objects.get()
    assert signed_in.post(f"/members/deletions/{made.pk}/withdraw/").status_code == 302
    with tenant(brand.pk):
        assert Erasure.objects.get().state == "withdrawn"


def test_more_than_a_week_is_refused(signed_in):
    assert signed_in.post("/members/deletions/wait/", {"grace_days": "8"}).status_code == 422


def test_who_may_not_delete_sees_no_button(brand, client, member):
    operator = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=operator, role="hq_operator")
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert "/delete/" not in client.get(f"/members/{member.pk}/").content.decode()
    assert client.get(f"/members/{member.pk}/delete/").status_code == 403


def test_the_list_needs_no_query_per_row(brand, actor, signed_in, query_budget):
    with tenant(brand.pk):
        services.change_grace(days=2, actor=actor, now=timezone.now())
        for n in range(5):
            services.request_erasure(
                member=MemberFactory(brand=brand, display_name=f"某人{n}"),
                typed_name=f"某人{n}",
                reason="asked",
                note="",
                actor=actor,
                now=timezone.now(),
            )
    with query_budget(5):
        assert signed_in.get("/members/deletions/").status_code == 200
