"""Several people shut out at once."""

import pytest
from django.urls import reverse

from core.staff.models import Staff
from tests.factories.core import StaffFactory

pytestmark = pytest.mark.django_db
URL = reverse("core:staff-deactivate-several")


def active():
    return set(Staff.objects.filter(is_active=True).values_list("display_name", flat=True))


def test_people_are_asked_about_then_shut_out_but_never_oneself(signed_in, brand, staff):
    people = [StaffFactory(brand=brand, display_name=name) for name in ("甲", "乙", "丙")]
    ids = [staff.pk, people[0].pk, people[1].pk]
    asked = signed_in.post(URL, {"id": ids})
    assert set(asked.context["effects"]) == {"甲", "乙"}
    assert len(active()) == 4
    assert signed_in.post(URL, {"id": ids, "sure": "1"}).status_code == 204
    assert active() == {staff.display_name, "丙"}
