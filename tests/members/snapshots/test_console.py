from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs import services as runs
from members.profiles.models import Member
from members.snapshots.models import Snapshot
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


@pytest.fixture
def segment(brand):
    return SegmentFactory(brand=brand, name="Fans", tree=GROWTH)


def address(name, *args):
    return reverse(f"members:{name}", args=args)


def take(client, segment):
    answer = client.post(address("snapshots-take", segment.pk))
    assert answer.status_code == 302
    runs.work_due(brand_id=segment.brand_id, clock=timezone.now, budget=MINUTE)
    with tenant(segment.brand_id):
        return Snapshot.objects.order_by("-number").first()


def test_a_person_takes_two_and_compares_them(signed_in, brand, segment):
    leaves = MemberFactory(brand=brand, stage="growth", display_name="离开者")
    joins = MemberFactory(brand=brand, stage="lost", display_name="加入者")
    first = take(signed_in, segment)
    with tenant(brand.pk):
        Member.objects.filter(pk=leaves.pk).update(stage="lost")
        Member.objects.filter(pk=joins.pk).update(stage="growth")
    second = take(signed_in, segment)
    page = signed_in.get(address("snapshots-list", segment.pk)).content.decode()
    assert f"snapshot={second.pk}-{first.pk}" in page
    assert "every 2s" not in page
    query = {"later": first.pk, "earlier": second.pk}  # The wrong way round is put right.
    page = signed_in.get(address("snapshots-compare", segment.pk), query).content.decode()
    for part in (f"{second.pk}-{first.pk}", f"{first.pk}-{second.pk}", f"{second.pk}.{first.pk}"):
        assert f"{address('members-list')}?snapshot={part}" in page
        assert f"list=members&amp;snapshot={part}" in page
    joined = signed_in.get(address("members-list"), {"snapshot": f"{second.pk}-{first.pk}"})
    shown = joined.content.decode()
    assert f"/members/{joins.pk}/" in shown
    assert f"/members/{leaves.pk}/" not in shown
    assert "Fans" in shown  # the chip says whose snapshot it is


def test_while_it_is_taken_the_list_asks_anew(signed_in, segment):
    signed_in.post(address("snapshots-take", segment.pk))
    page = signed_in.get(address("snapshots-list", segment.pk)).content.decode()
    assert "every 2s" in page
    again = signed_in.post(address("snapshots-take", segment.pk))
    assert again.status_code == 409


def test_comparing_what_is_not_there_is_refused_and_says_so(signed_in, segment):
    answer = signed_in.get(address("snapshots-compare", segment.pk), {"later": "7"})
    assert answer.status_code == 422


def test_deleting_asks_first(signed_in, brand, segment):
    made = take(signed_in, segment)
    asked = signed_in.post(address("snapshots-delete", made.pk))
    assert "sure" in asked.content.decode()
    signed_in.post(address("snapshots-delete", made.pk), {"sure": "1"})
    with tenant(brand.pk):
        assert not Snapshot.objects.exists()


def test_an_unknown_part_shows_nobody(signed_in, brand):
    person = MemberFactory(brand=brand)
    for part in ("999", "x", "1-2"):
        page = signed_in.get(address("members-list"), {"snapshot": part}).content.decode()
        assert f"/members/{person.pk}/" not in page


def test_who_sees_some_dealers_sees_no_snapshots(client, brand, segment):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(
        brand=brand, staff=person, dealer=DealerFactory(brand=brand), role="dealer_manager"
    )
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address("snapshots-list", segment.pk)).status_code in {403, 404}
    page = client.get(address("segments-detail", segment.pk)).content.decode()
    assert address("snapshots-list", segment.pk) not in page


def test_the_list_is_narrowed_by_its_filters_and_can_be_exported(signed_in, brand, segment):
    for _n in range(2):
        take(signed_in, segment)
    MemberFactory(brand=brand, stage="growth")
    take(signed_in, segment)
    day = timezone.localdate()

    def shown(**asked):
        page = signed_in.get(address("snapshots-list", segment.pk), asked)
        return [row.number for row, _urls in page.context["rows"]]

    assert shown() == [3, 2, 1]
    assert shown(change="some") == [3]
    assert shown(change="none") == [2]
    assert shown(who="me", since=day.isoformat()) == [3, 2, 1]
    assert shown(until=(day - timedelta(days=1)).isoformat()) == []
    assert shown(since="2026-02-30") == []
    page = signed_in.get(address("snapshots-list", segment.pk), {"change": "none"}).content.decode()
    assert "与上一次相比" in page
    assert f"list=snapshots&amp;segment={segment.pk}" in page
