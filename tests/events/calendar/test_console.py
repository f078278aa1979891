from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from events.calendar.models import Event
from tests.factories.core import CityFactory, DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def url(route, *args):
    return reverse(f"events:{route}", args=args)


def test_list_needs_the_same_queries_for_one_and_for_many(signed_in, brand, query_budget):
    for _ in range(6):
        EventFactory(brand=brand, dealer=DealerFactory(brand=brand))
    with query_budget(6):
        page = signed_in.get(url("events-list"))
    assert len(page.context["rows"]) == 6


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=salon", ["A"]),
        ("state=done", ["B"]),
        ("when=over", ["B"]),
        ("when=coming", ["A"]),
        ("q=B", ["B"]),
        ("q=%25", []),
        ("dealer=滨江", ["A"]),
        ("city=杭", ["A"]),
        ("online=on", ["B"]),
        ("kind=party", []),
        ("sort=starts", ["B", "A"]),
        ("", ["A", "B"]),
    ],
)
def test_list_is_narrowed(signed_in, brand, query, found):
    city = CityFactory(code="3301", name="杭州市")
    dealer = DealerFactory(brand=brand, name="滨江店")
    EventFactory(brand=brand, name="A", dealer=dealer, city=city)
    EventFactory(brand=brand, name="B", kind="live", is_online=True, over=True)
    page = signed_in.get(f"{url('events-list')}?{query}")
    assert [row.name for row in page.context["rows"]] == found


def new(**changes):
    starts = timezone.localtime() + timedelta(days=3)
    said = {"kind": "salon", "name": "Salon", "starts_at": f"{starts:%Y-%m-%dT%H:%M}"}
    ends = starts + timedelta(hours=2)
    return said | {"ends_at": f"{ends:%Y-%m-%dT%H:%M}", "guests_each": "1"} | changes


def test_an_event_is_entered_changed_and_published(signed_in, brand):
    CityFactory(code="3301", name="杭州市")
    answer = signed_in.post(url("events-new"), new(city="杭州", capacity="30"))
    with tenant(brand.pk):
        event = Event.objects.get()
    assert (answer.status_code, answer.url) == (302, url("events-detail", event.pk))
    assert (event.state, event.city_id, event.capacity) == ("draft", "3301", 30)
    form = signed_in.get(url("events-edit", event.pk)).context["form"]
    assert (form.initial["city"], form.initial["version"]) == ("杭州", 1)
    signed_in.post(url("events-edit", event.pk), new(name="Grand", version="1"))
    assert "发布" in signed_in.get(url("events-publish", event.pk)).content.decode()
    signed_in.post(url("events-publish", event.pk), {"version": "2"})
    with tenant(brand.pk):
        event.refresh_from_db()
    assert (event.name, event.state, event.version) == ("Grand", "published", 3)


def test_what_makes_no_sense_stays_in_the_form(signed_in):
    wrong = signed_in.post(url("events-new"), new(name="Kept", capacity="0", city="无此市"))
    assert wrong.status_code == 422
    assert set(wrong.context["form"].errors) == {"capacity", "city"}
    ended = signed_in.post(url("events-new"), new(ends_at="2020-01-01T10:00"))
    assert ended.status_code == 422
    assert "ends_at" in ended.context["form"].errors


def test_detail_counts_and_lists_who_comes_at_a_steady_price(signed_in, brand, query_budget):
    event = EventFactory(brand=brand, capacity=10, over=True)
    for state in ("registered", "checked_in", "cancelled"):
        RegistrationFactory.create_batch(2, brand=brand, event=event, state=state)
    with query_budget(6):
        page = signed_in.get(url("events-detail", event.pk))
    counts = page.context["counts"]
    assert counts == {"registered": 2, "checked_in": 2, "cancelled": 2, "guests": 0}
    assert "未到场" in page.content.decode()
    came = signed_in.get(f"{url('events-detail', event.pk)}?state=checked_in")
    assert [each["row"].state for each in came.context["rows"]] == ["checked_in"] * 2


def test_a_dealers_people_see_the_brands_event_but_not_who_else_comes(client, brand):
    mine, other = (DealerFactory(brand=brand) for _ in "12")
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=mine)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    event = EventFactory(brand=brand)
    for dealer in (mine, other):
        member = MemberFactory(brand=brand, home_dealer=dealer)
        RegistrationFactory(brand=brand, event=event, member=member)
    page = client.get(url("events-detail", event.pk))
    assert (len(page.context["rows"]), page.context["may_edit"]) == (1, False)
    assert client.post(url("events-cancel", event.pk), {"version": "1"}).status_code == 404
