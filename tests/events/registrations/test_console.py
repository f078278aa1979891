import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
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
