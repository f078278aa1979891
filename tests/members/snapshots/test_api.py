from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from core.runs import services as runs
from members.profiles.models import Member
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
URL = "/api/v1/segment-snapshots/"
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def take(api, segment):
    made = api.post(URL, {"segment": segment.pk}, format="json")
    assert made.status_code == 202, made.content
    assert made.json()["taken_at"] is None
    runs.work_due(brand_id=segment.brand_id, clock=timezone.now, budget=MINUTE)
    return made.json()["id"]


def test_a_program_takes_compares_pages_and_deletes(api, brand):
    segment = SegmentFactory(brand=brand, tree=GROWTH)
    people = [MemberFactory(brand=brand, stage="growth").pk for _ in range(5)]
    first = take(api, segment)
    with tenant(brand.pk):
        Member.objects.filter(pk__in=people[:2]).update(stage="lost")
    second = take(api, segment)
    assert api.get(f"{URL}{second}/").json()["minus_count"] == 2
    told = api.get(f"{URL}{second}/against/{first}/").json()
    assert told == {"plus": 0, "minus": 2, "stayed": 3}
    gone = api.get(f"{URL}{second}/against/{first}/minus/", {"limit": 1}).json()
    assert gone == {"next_after": people[0], "results": people[:1]}
    rest = api.get(f"{URL}{second}/against/{first}/minus/", {"after": people[0]}).json()
    assert rest == {"next_after": None, "results": people[1:2]}
    assert api.get(f"{URL}{second}/members/").json()["results"] == people[2:]
    listed = api.get(URL, {"segment": segment.pk}).json()["results"]
    assert [row["number"] for row in listed] == [2, 1]
    assert api.delete(f"{URL}{first}/").status_code == 204
    assert api.get(f"{URL}{second}/against/{first}/").status_code == 404


def test_what_is_asked_wrong_is_refused(api, brand):
    segment = SegmentFactory(brand=brand, tree=GROWTH)
    first, other = take(api, segment), take(api, SegmentFactory(brand=brand, tree=GROWTH))
    assert api.get(f"{URL}{first}/members/", {"limit": "many"}).status_code == 400
    assert api.get(f"{URL}{first}/", {"after": 1}).status_code == 400
    assert api.get(f"{URL}{first}/against/{other}/").status_code == 404  # of another segment
    assert api.get(f"{URL}{first}/against/{first}/sideways/").status_code == 404
    assert api.post(URL, {"segment": 999_999}, format="json").status_code == 422
