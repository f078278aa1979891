import pytest
from django.urls import reverse

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from events.registrations import selectors
from events.registrations.models import Registration
from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(route, *args):
    return reverse(f"events:{route}", args=args)


def state_of(brand, pk):
    with tenant(brand.pk):
        return Registration.objects.get(pk=pk).state


def test_somebody_is_found_and_registered(signed_in, brand):
    event = EventFactory(brand=brand, capacity=1)
    member = MemberFactory(brand=brand, display_name="林可欣", customer_no="C1")
    add = url("registrations-add", event.pk)
    drawer = signed_in.get(f"{add}?q=C1", headers=HTMX)
    assert drawer.context["hits"] == [member]
    assert signed_in.post(add, {}, headers=HTMX).status_code == 422
    answer = signed_in.post(add, {"member": member.pk}, headers=HTMX)
    assert (answer.status_code, "registrations-changed" in answer["HX-Trigger"]) == (204, True)
    late = MemberFactory(brand=brand)
    full = signed_in.post(add, {"member": late.pk, "is_here": "on"}, headers=HTMX)
    assert full.status_code == 422
    assert "名额已满" in full.content.decode()


def test_who_is_there_is_checked_in_by_one_press(signed_in, brand):
    row = RegistrationFactory(brand=brand)
    page = signed_in.get(url("events-detail", row.event_id)).content.decode()
    assert url("registrations-check-in", row.pk) in page
    answer = signed_in.post(url("registrations-check-in", row.pk), headers=HTMX)
    assert (answer.status_code, state_of(brand, row.pk)) == (204, "checked_in")


def test_calling_off_asks_first(signed_in, brand):
    row = RegistrationFactory(brand=brand)
    cancel = url("registrations-cancel", row.pk)
    assert signed_in.get(cancel, headers=HTMX).status_code == 200
    assert state_of(brand, row.pk) == "registered"
    assert signed_in.post(cancel, headers=HTMX).status_code == 204
    assert state_of(brand, row.pk) == "cancelled"


def test_the_members_page_tells_their_events(signed_in, brand):
    row = RegistrationFactory(brand=brand, event__name="车友咖啡局", state="checked_in")
    page = signed_in.get(reverse("members:members-detail", args=[row.member_id]))
    assert "车友咖啡局" in page.content.decode()


def test_checking_in_at_the_drawer_leaves_their_guests_alone(signed_in, brand):
    row = RegistrationFactory(brand=brand, event__guests_each=3, guests=3)
    add = url("registrations-add", row.event_id)
    answer = signed_in.post(
        add, {"member": row.member_id, "is_here": "on", "guests": ""}, headers=HTMX
    )
    with tenant(brand.pk):
        row.refresh_from_db()
    assert (answer.status_code, row.state, row.guests) == (204, "checked_in", 3)


def test_the_search_looks_among_the_people_of_the_event(signed_in, brand):
    """Not among the newest of the brand who have this name."""
    row = RegistrationFactory(brand=brand, member__display_name="王早到")
    MemberFactory.create_batch(60, brand=brand, display_name="王晚来")
    page = signed_in.get(f"{url('events-detail', row.event_id)}?q=王").content.decode()
    assert url("registrations-check-in", row.pk) in page
    with tenant(brand.pk):
        rows = selectors.narrowed(event_id=row.event_id, viewer=system_viewer(brand.pk), typed="王")
        assert list(rows) == [row]
