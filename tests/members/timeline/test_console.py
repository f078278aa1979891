import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory
from tests.members.timeline.conftest import NOON, make_order

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page_of(member):
    return reverse("members:members-detail", args=[member.pk])


def part_of(member):
    return reverse("members:timeline", args=[member.pk])


def test_the_page_tells_what_happened_day_by_day(signed_in, history):
    text = signed_in.get(page_of(history)).content.decode()
    for words in (
        "得到标签「露营」",
        "成长期 → 沉睡",
        "¥12",
        "收到群发「冬季用车提醒」",
    ):
        assert words in text
    assert 'datetime="2026-03-10"' in text
    # As old as these and further down: on a page of their own.
    answers = signed_in.get(part_of(history), {"kinds": "consent"}, headers=HTMX)
    assert "同意：营销消息" in answers.content.decode()


def test_kinds_narrow_and_are_kept_in_the_address(signed_in, history):
    answer = signed_in.get(part_of(history), {"kinds": "order"}, headers=HTMX)
    text = answer.content.decode()
    assert text.count("<li") == 7
    assert "露营" not in text
    assert f'hx-push-url="{page_of(history)}?kinds=order%2Ctag"' in text
    assert "露营" not in _timeline(signed_in.get(page_of(history), {"kinds": "order"}))


def _timeline(answer):
    (card,) = answer.context["main"]
    return card


def test_what_is_older_comes_below_and_without_scripts_on_the_page(signed_in, history, brand):
    with tenant(brand.pk):
        for n in range(30):
            make_order(history, f"more-{n}", NOON)
    first = signed_in.get(part_of(history), {"kinds": "order"}, headers=HTMX)
    page, part = first.context["older"]
    older = signed_in.get(part, headers=HTMX)
    assert older.content.decode().count("<li") == 37 - 20
    assert "timeline-older" not in older.content.decode()
    # The first page ended within the day, so the next one does not begin it anew.
    assert [day.label for day in older.context["days"]] == [""]
    whole = signed_in.get(page)
    assert _timeline(whole).count("<li") == 37 - 20
    assert "回到最新" in _timeline(whole)


def test_the_part_alone_leads_to_the_page(signed_in, history):
    answer = signed_in.get(part_of(history), {"kinds": "order"})
    assert answer.url == f"{page_of(history)}?kinds=order"


def test_a_place_that_is_none_is_refused(signed_in, history):
    assert signed_in.get(page_of(history), {"before": "x"}).status_code == 422
    assert signed_in.get(part_of(history), {"before": "x"}, headers=HTMX).status_code == 422


def test_nothing_of_a_kind_says_so(signed_in, brand):
    member = MemberFactory(brand=brand)
    answer = signed_in.get(part_of(member), {"kinds": "order,nothing"}, headers=HTMX)
    assert "没有" in answer.content.decode()


def test_pages_stay_within_their_budget(signed_in, history, query_budget):
    with query_budget(25):
        signed_in.get(part_of(history), headers=HTMX)
    with query_budget(3):
        signed_in.get(part_of(history), {"kinds": "order"}, headers=HTMX)


def test_a_dealers_people_find_their_own_members_only(client, brand, history):
    person, other = StaffFactory(brand=brand), MemberFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=history.home_dealer)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get(part_of(history), headers=HTMX).content.decode()
    assert "得到标签「露营」" in text
    assert "修改了车主" not in text  # the trail is for who may see it
    assert client.get(part_of(other), headers=HTMX).status_code == 404
    stranger = MemberFactory(brand=brand, home_dealer=DealerFactory(brand=brand))
    assert client.get(page_of(stranger)).status_code == 404
