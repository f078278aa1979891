import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from members.merging.models import MemberMerge
from members.profiles.models import Member
from tests.factories.members import MemberFactory, OrderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(brand):
    return (
        MemberFactory(brand=brand, display_name="陈小宇", phone="+8613811110001"),
        MemberFactory(brand=brand, display_name="陈晓宇", phone="+8613811110002"),
    )


def preview_of(pair):
    return reverse("members:merges-preview", args=[pair[0].pk, pair[1].pk])


def test_the_other_member_is_found_by_phone(signed_in, pair):
    start = reverse("members:merges-start", args=[pair[0].pk])
    answer = signed_in.post(start, {"other": "138 1111 0002"})
    assert answer["Location"] == preview_of(pair)
    for typed in ("13811110001", "不存在"):
        refused = signed_in.post(start, {"other": typed})
        assert refused.status_code == 422
        assert typed in refused.content.decode()


def test_the_preview_asks_only_about_what_differs(signed_in, pair):
    page = signed_in.get(preview_of(pair)).content.decode()
    assert 'name="phone"' in page
    assert 'name="display_name"' in page
    assert 'name="gender"' not in page
    assert signed_in.post(preview_of(pair), {"display_name": "mine"}).status_code == 422


def test_merge_shows_what_it_did_and_is_undone(signed_in, brand, pair):
    winner, loser = pair
    OrderFactory(brand=brand, member=loser)
    body = {"display_name": "theirs", "phone": "mine", "reason": "同一人"}
    assert signed_in.post(preview_of(pair), body | {"loser_version": 9}).status_code == 412
    answer = signed_in.post(preview_of(pair), body)
    with tenant(brand.pk):
        made = MemberMerge.objects.get()
        assert Member.objects.get().display_name == "陈晓宇"
    assert answer["Location"] == reverse("members:merges-detail", args=[made.pk])
    assert "同一人" in signed_in.get(answer["Location"]).content.decode()
    old = signed_in.get(reverse("members:members-detail", args=[loser.pk]))
    assert old["Location"] == reverse("members:members-detail", args=[winner.pk])
    undo = reverse("members:merges-undo", args=[made.pk])
    assert signed_in.get(undo).status_code == 200
    assert signed_in.post(undo).status_code == 302
    assert signed_in.post(undo).status_code == 409
    assert signed_in.get(reverse("members:members-detail", args=[loser.pk])).status_code == 200


def test_what_belongs_to_somebody_else_is_taken_out(signed_in, brand, pair):
    order = OrderFactory(brand=brand, member=pair[0], order_no="O-77")
    url = reverse("members:merges-split", args=[pair[0].pk])
    assert "O-77" in signed_in.get(url).content.decode()
    refused = signed_in.post(url, {"display_name": "钱二"})
    assert refused.status_code == 422
    answer = signed_in.post(url, {"display_name": "钱二", "orders": [order.pk]})
    page = signed_in.get(answer["Location"]).content.decode()
    assert "钱二" in page
    with tenant(brand.pk):
        order.refresh_from_db()
    assert order.member_id not in {member.pk for member in pair}


def test_a_merge_of_one_with_themselves_is_refused(signed_in, pair):
    same = reverse("members:merges-preview", args=[pair[0].pk, pair[0].pk])
    assert signed_in.get(same).status_code == 422
