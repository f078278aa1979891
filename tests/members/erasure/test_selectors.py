"""What a deletion would reach, told before: table by table, by as many statements as tables."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from members.erasure import ports, selectors
from members.profiles.models import Member
from members.snapshots import services as snapshots
from members.tags import services as tags
from tests.factories.communities import MembershipFactory, RoomFactory, RoomMessageFactory
from tests.factories.members import (
    MemberFactory,
    OrderFactory,
    OwnershipFactory,
    SegmentFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(brand, actor):
    """Somebody with a trace of every kind: two orders, a car of their own and one sold to them."""
    member, other = MemberFactory(brand=brand, display_name="欧阳若兰"), MemberFactory(brand=brand)
    for person in (member, member, other):
        OrderFactory(brand=brand, member=person)
    OwnershipFactory(brand=brand, member=member)
    sold = OwnershipFactory(brand=brand, member=other, ended_on=date(2024, 6, 1))
    OwnershipFactory(
        brand=brand, member=member, vehicle=sold.vehicle, delivered_on=date(2024, 6, 1)
    )
    room = RoomFactory(brand=brand, last_seq=2)
    MembershipFactory(brand=brand, room=room, member=member)
    for seq, (sender, number) in enumerate((("member", member.pk), ("staff", member.pk)), 1):
        RoomMessageFactory(brand=brand, room=room, seq=seq, sender=sender, sender_id=number)
    segment = SegmentFactory(brand=brand, tree={"op": "all", "items": []})
    tag = TagFactory(brand=brand)
    with tenant(brand.pk):
        now = timezone.now()
        tags.tag_members(tag=tag, member_ids=[member.pk], actor=actor, now=now)
        taken = snapshots.take_snapshot(segment=segment, actor=actor, now=now)
        snapshots.freeze(snapshot=taken, actor=actor, now=now)
    return member


def previewed(member):
    with tenant(member.brand_id):
        found = selectors.preview(member=member, now=timezone.now())
    return found, {a.key: (a.goes, a.stays) for a in found.areas if a.goes or a.stays}


def test_what_goes_and_what_stays_is_told_and_then_it_is_so(member, erase, query_budget):
    with query_budget(len(ports.holdings()) + 4):  # the tenant's own and the merged
        found, told = previewed(member)
    assert found.people == 1
    stays = told.pop("auditentry", (0, 0))
    assert stays[0] == 0
    assert told == {
        "member": (1, 0),
        "order": (2, 0),
        "ownership": (2, 0),
        "vehicle": (1, 1),
        "membership": (1, 0),
        "roommessage": (1, 0),
        "membertag": (1, 0),
        "tagchangebatch": (1, 0),
        "snapshotbatch": (1, 0),
    }
    assert [area.why for area in found.staying if area.key == "vehicle"] == [
        "随拥有记录一并删除；若也属于他人的历史则保留。"
    ]
    erase(member)
    _found, told = previewed(member)
    assert {key for key, (goes, _stays) in told.items() if goes} == set()


def test_console_and_rest_tell_it_before_anything_is_asked(signed_in, member):
    page = signed_in.get(reverse("members:erasures-new", args=[member.pk])).content.decode()
    assert "将删除" in page
    assert "将保留及原因" in page
    answer = signed_in.get(f"/api/v1/members/{member.pk}/deletion-preview/")
    body = answer.json()
    assert (answer.status_code, body["people"], body["grace_days"]) == (200, 1, 0)
    areas = {area["key"]: area for area in body["areas"]}
    assert areas["order"]["goes"] == 2
    assert areas["vehicle"]["why"]
    with tenant(member.brand_id):
        assert Member.objects.filter(pk=member.pk).exists()
