import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.duplicates.models import DuplicatePair
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/duplicates/"


def test_pairs_are_listed_dismissed_and_looked_for(staff, brand):
    api = APIClient()
    api.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    first, second = MemberFactory.create_batch(2, brand=brand)
    with tenant(brand.pk):
        pair = DuplicatePair.objects.create(
            brand=brand,
            first=first,
            second=second,
            score=80,
            reasons=["name_tail"],
            found_at=timezone.now(),
        )
    (found,) = api.get(f"{URL}?state=open").json()["results"]
    assert (found["first"], found["second"], found["score"]) == (first.pk, second.pk, 80)
    assert api.post(f"{URL}{pair.pk}/dismiss/").json()["state"] == "dismissed"
    assert api.get(f"{URL}?state=open").json()["results"] == []
    assert api.post(f"{URL}find/").status_code == 202
