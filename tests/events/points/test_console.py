import re

import pytest

from core.audit.models import AuditEntry
from core.kernel.scoping import tenant
from events.points.models import PointsEntry
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="陈小宇")


def place(member, act=""):
    return f"/events/points/members/{member.pk}/{act}"


def text(answer):
    return answer.content.decode()


def test_the_brands_movements_are_listed(signed_in, member, query_budget):
    post(member, 1200, reason="双倍积分周")
    post(member, -40)
    with query_budget(12):
        page = signed_in.get("/events/points/")
    assert page.status_code == 200
    assert all(each in text(page) for each in ("+1,200", "−40", "双倍积分周"))
    assert "陈小宇" not in text(page)  # Masked, as in every list.
    assert "+1,200" not in text(signed_in.get("/events/points/?kind=spend"))
    assert "没有符合条件的流水" in text(signed_in.get("/events/points/?ledger=contribution"))


def test_the_members_page_shows_both_balances(signed_in, member):
    post(member, 1200)
    post(member, 7, ledger="contribution")
    card = text(signed_in.get(f"/members/{member.pk}/"))
    assert all(each in card for each in ("member-points", "1,200", place(member)))
    page = text(signed_in.get(place(member)))
    assert all(each in page for each in ("贡献值", "+7", "调整余额"))
    assert "+7" not in text(signed_in.get(place(member), {"ledger": "points"}))


def adjust(client, member, token=None, **values):
    if token is None:
        form = text(client.get(place(member, "adjust/")))
        token = re.search(r'name="token" value="([^"]+)"', form)[1]
    given = {"ledger": "points", "amount": "50", "reason": "记错", "token": token} | values
    return client.post(place(member, "adjust/"), given), token


def test_a_balance_is_adjusted_once(signed_in, member, brand):
    answer, token = adjust(signed_in, member)
    assert answer.status_code == 302
    adjust(signed_in, member, token)
    assert balance(member) == 50
    with tenant(brand.pk):
        [told] = AuditEntry.objects.filter(action="points.adjusted")
        assert told.subject_id == member.pk
        assert "记错" not in str(told.data)


@pytest.mark.parametrize(
    "values",
    [{"amount": "0"}, {"amount": "-1"}, {"amount": "x"}, {"reason": " "}, {"ledger": "gold"}],
)
def test_a_wrong_adjustment_keeps_what_was_typed(values, signed_in, member):
    answer, _token = adjust(signed_in, member, **values)
    assert answer.status_code == 422
    assert "is-invalid" in text(answer) or "form-errors" in text(answer) or "错" in text(answer)
    assert balance(member) == 0


def test_an_entry_is_reversed_after_a_question(signed_in, member, brand):
    entry = post(member, 50)
    url = f"/events/points/entries/{entry.pk}/reverse/"
    assert url in text(signed_in.get(place(member)))
    assert "−50" in text(signed_in.get(url))
    assert signed_in.post(url, {"reason": ""}).status_code == 422
    assert signed_in.post(url, {"reason": "退货"}).status_code == 302
    assert balance(member) == 0
    assert signed_in.post(url, {"reason": "退货"}).status_code == 422
    assert url not in text(signed_in.get(place(member)))
    with tenant(brand.pk):
        assert PointsEntry.objects.count() == 2


def test_pending_is_confirmed_or_cancelled(signed_in, member):
    kept, gone = (post(member, n, pending=True) for n in (10, 20))
    url = "/events/points/entries/{}/{}/"
    assert "10" in text(signed_in.get(url.format(kept.pk, "confirm")))
    assert signed_in.post(url.format(kept.pk, "confirm")).status_code == 302
    assert signed_in.post(url.format(gone.pk, "cancel")).status_code == 302
    assert signed_in.post(url.format(gone.pk, "confirm")).status_code == 409
    assert signed_in.get(url.format(gone.pk, "eat")).status_code == 404
    assert balance(member) == 10


def test_who_may_only_look_changes_nothing(client, brand):
    staff, dealer = StaffFactory(brand=brand), DealerFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_staff", dealer=dealer)
    member = MemberFactory(brand=brand, home_dealer=dealer)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    entry = post(member, 50)
    page = text(client.get("/events/points/"))
    assert "/reverse/" not in page
    assert client.get(place(member, "adjust/")).status_code == 403
    assert client.post(f"/events/points/entries/{entry.pk}/reverse/").status_code == 403
