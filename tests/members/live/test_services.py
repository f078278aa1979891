"""Whoever changes is looked at anew, whatever changed; everybody, where conditions did."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from communities.chat.models import RoomMessage
from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.organizations import services as organizations
from events.calendar.models import Event
from events.registrations.models import Registration
from members.live import selectors, services
from members.live.models import LiveMember, LiveSegment, TouchedMember
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member
from members.segments import selectors as segments
from members.tags.models import MemberTag
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.core import DealerFactory, RegionFactory
from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory
from tests.factories.points import post

pytestmark = pytest.mark.django_db
GROWTH = {"field": "stage", "cmp": "in", "value": ["growth"]}


def tree_of(*items):
    return {"op": "all", "items": list(items)}


def live_on(brand, actor, *items):
    segment = SegmentFactory(brand=brand, tree=tree_of(*items))
    services.switch_on(segment=segment, actor=actor, now=timezone.now())
    services.refresh(brand_id=brand.pk, now=timezone.now())
    return segment


def kept(segment):
    services.refresh(brand_id=segment.brand_id, now=timezone.now())
    ids = selectors.member_ids(segment=segment, after=0, limit=1000)
    assert LiveSegment.objects.get(segment=segment).member_count == len(ids)
    return ids


def test_it_is_filled_and_follows_the_member(inside_brand, actor):
    one, two = (MemberFactory(brand=inside_brand, stage=s) for s in ("growth", "lost"))
    segment = live_on(inside_brand, actor, GROWTH)
    assert kept(segment) == [one.pk]
    Member.objects.filter(pk=two.pk).update(stage="growth")
    Member.objects.filter(pk=one.pk).update(stage="lost")
    assert kept(segment) == [two.pk]
    three = MemberFactory(brand=inside_brand, stage="growth")
    assert kept(segment) == [two.pk, three.pk]


def tagged(brand, person):
    tag = TagFactory(brand=brand)
    now = timezone.now()
    give = lambda: MemberTag.objects.create(  # noqa: E731
        brand=brand, tag=tag, member=person, source="manual", tagged_at=now
    )
    take = MemberTag.objects.filter(brand=brand, tag=tag).delete
    return {"field": "tags", "cmp": "any", "value": [tag.pk]}, give, take


def ordered(brand, person):
    now = timezone.now()
    give = lambda: Order.objects.create(  # noqa: E731
        brand=brand, member=person, order_no="1", ordered_at=now, amount_fen=5
    )
    condition = {"field": "orders.count", "cmp": "gte", "value": {"number": 1, "days": 30}}
    return condition, give, Order.objects.filter(brand=brand).delete


def make_vehicle(brand):
    model = VehicleModel.objects.create(brand=brand, code="M", name="M")
    return Vehicle.objects.create(
        brand=brand,
        model=model,
        vin_cipher=b"x",
        vin_hash=b"x" * 16,
        vin_tail="000000",
        created_at=timezone.now(),
    )


def owned(brand, person):
    car, today = make_vehicle(brand), timezone.localdate()
    give = lambda: Ownership.objects.create(  # noqa: E731
        brand=brand, vehicle=car, member=person, delivered_on=today
    )
    take = lambda: Ownership.objects.filter(vehicle=car).update(ended_on=today)  # noqa: E731
    return {"field": "vehicle", "cmp": "known"}, give, take


def driven(brand, person):
    car, today = make_vehicle(brand), timezone.localdate()
    Ownership.objects.create(brand=brand, vehicle=car, member=person, delivered_on=today)
    rows = Vehicle.objects.filter(pk=car.pk)
    condition = {"field": "vehicle.mileage", "cmp": "gte", "value": 1000}
    return condition, lambda: rows.update(mileage_km=2000), lambda: rows.update(mileage_km=1)


def agreed(brand, person):
    now = timezone.now()
    give = lambda: Consent.objects.create(  # noqa: E731
        brand=brand, member=person, purpose="marketing", version="1", given_at=now, evidence="x"
    )
    take = lambda: Consent.objects.filter(brand=brand).update(withdrawn_at=now)  # noqa: E731
    return {"field": "consent", "cmp": "given", "value": ["marketing"]}, give, take


def make_room(brand):
    now = timezone.now()
    community = Community.objects.create(
        brand=brand,
        kind="service",
        name="c",
        room_name_template="{name}",
        room_cap=5,
        created_at=now,
    )
    return Room.objects.create(
        brand=brand, community=community, number=1, name="r", cap=5, last_seq=1, created_at=now
    )


def seated(brand, person):
    room, now = make_room(brand), timezone.now()
    give = lambda: Membership.objects.create(  # noqa: E731
        brand=brand,
        community=room.community,
        room=room,
        member=person,
        source="manual",
        joined_at=now,
    )
    take = lambda: Membership.objects.filter(room=room).update(left_at=now)  # noqa: E731
    return {"field": "community.room", "cmp": "in", "value": [room.pk]}, give, take


def reading(brand, person):
    room, now = make_room(brand), timezone.now()
    RoomMessage.objects.create(
        brand=brand,
        room=room,
        seq=1,
        sender="staff",
        sender_label="x",
        body="x",
        created_at=now - timedelta(minutes=1),
    )
    seat = Membership.objects.create(
        brand=brand,
        community=room.community,
        room=room,
        member=person,
        source="manual",
        joined_at=now,
    )
    rows = Membership.objects.filter(pk=seat.pk)
    condition = {"field": "messages.read", "cmp": "gte", "value": {"number": 1, "days": 7}}
    return condition, lambda: rows.update(read_seq=1), lambda: rows.update(left_at=now)


def rewarded(brand, person):
    give = lambda: post(person, 50)  # noqa: E731
    take = lambda: post(person, -50)  # noqa: E731
    return {"field": "points.balance", "cmp": "gte", "value": 50}, give, take


def attending(brand, person):
    row = RegistrationFactory(brand=brand, member=person)
    rows = Registration.objects.filter(pk=row.pk)
    came = {"state": "checked_in", "checked_in_at": timezone.now()}
    condition = {"field": "events.attended", "cmp": "gte", "value": 1}
    return condition, lambda: rows.update(**came), rows.delete


def happening(brand, person):
    """Whether somebody stayed away depends on the event; that its places are counted does not."""
    event = EventFactory(brand=brand, over=True, state="cancelled")
    RegistrationFactory(brand=brand, event=event, member=person)
    rows = Event.objects.filter(pk=event.pk)
    condition = {"field": "events.missed", "cmp": "gte", "value": 1}
    return condition, lambda: rows.update(state="done"), lambda: rows.update(state="cancelled")


def relocated(brand, person):
    """Their dealer moves to another region; that it is renamed or moves to a city is no news."""
    dealer, region = DealerFactory(brand=brand), RegionFactory(brand=brand)
    home = dealer.region
    Member.objects.filter(pk=person.pk).update(home_dealer=dealer)

    def move(to):
        change = {"actor": system_viewer(brand.pk), "now": timezone.now()}
        organizations.change_dealer(dealer=dealer, changes={"name": f"In {to.pk}"}, **change)
        assert not TouchedMember.objects.exists()
        organizations.change_dealer(dealer=dealer, changes={"region": to}, **change)

    condition = {"field": "region", "cmp": "in", "value": [region.pk]}
    return condition, lambda: move(region), lambda: move(home)


SOURCES = [tagged, ordered, owned, driven, agreed, seated, reading, attending, happening]
SOURCES += [rewarded, relocated]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_every_source_of_change_is_seen(source, inside_brand, actor):
    MemberFactory(brand=inside_brand)
    person = MemberFactory(brand=inside_brand)
    condition, give, take = source(inside_brand, person)
    segment = live_on(inside_brand, actor, condition)
    assert kept(segment) == []
    give()
    assert set(TouchedMember.objects.values_list("member_id", flat=True)) == {person.pk}
    assert kept(segment) == [person.pk]
    assert not TouchedMember.objects.exists()
    take()
    assert kept(segment) == []


def test_what_moves_to_another_member_is_news_of_both(inside_brand, actor):
    first, second = (MemberFactory(brand=inside_brand) for _ in "12")
    condition, give, _take = ordered(inside_brand, first)
    segment = live_on(inside_brand, actor, condition)
    give()
    assert kept(segment) == [first.pk]
    Order.objects.update(member=second)
    assert kept(segment) == [second.pk]


def test_without_a_live_segment_no_mark_is_left(inside_brand, actor):
    MemberFactory(brand=inside_brand)
    assert not TouchedMember.objects.exists()
    segment = live_on(inside_brand, actor, GROWTH)
    services.switch_off(segment=segment, actor=actor, now=timezone.now())
    MemberFactory(brand=inside_brand, stage="growth")
    assert not TouchedMember.objects.exists()
    assert not LiveMember.objects.exists()


def test_changed_conditions_look_at_everybody_also_through_another_segment(inside_brand, actor):
    one, two = (MemberFactory(brand=inside_brand, stage=s) for s in ("growth", "lost"))
    inner = SegmentFactory(brand=inside_brand, tree=tree_of(GROWTH))
    segment = live_on(inside_brand, actor, {"field": "segment", "cmp": "in", "value": [inner.pk]})
    assert kept(segment) == [one.pk]
    inner.tree = tree_of(GROWTH | {"value": ["lost"]})
    inner.save()
    assert kept(segment) == [two.pk]


def test_the_night_brings_what_moved_with_time(inside_brand, actor):
    person = MemberFactory(brand=inside_brand, stage_since=timezone.localdate())
    condition = {"field": "stage_days", "cmp": "lte", "value": 5}
    segment = live_on(inside_brand, actor, condition)
    assert kept(segment) == [person.pk]
    later = timezone.now() + timedelta(days=9)
    services.refresh(brand_id=inside_brand.pk, now=later)
    assert LiveMember.objects.count() == 1
    services.recompute_all(brand_id=inside_brand.pk, now=later)
    assert LiveMember.objects.count() == 0


@pytest.mark.parametrize("hours", [0, 2, 11, 14])
def test_an_event_that_ends_is_told_with_the_day(inside_brand, actor, hours):
    """Kept rows are never others than computing everybody finds, whatever the hour."""
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    event = EventFactory(brand=inside_brand, starts_at=noon - timedelta(hours=1), ends_at=noon)
    person = RegistrationFactory(brand=inside_brand, event=event).member
    missed = {"field": "events.missed", "cmp": "gte", "value": 1}
    segment = SegmentFactory(brand=inside_brand, tree=tree_of(missed))
    early, later = noon - timedelta(hours=11), noon + timedelta(hours=hours)
    services.switch_on(segment=segment, actor=actor, now=early)
    services.refresh(brand_id=inside_brand.pk, now=early)
    LiveSegment.objects.update(is_settled=True)
    asked = {"segment": segment, "viewer": system_viewer(inside_brand.pk), "now": later}
    found = set(selectors.in_segment(**asked))
    assert found == set(segments.in_segment(**asked))
    assert found == ({person} if hours > 12 else set())
    services.recompute_all(brand_id=inside_brand.pk, now=later)
    ids = selectors.member_ids(segment=segment, after=0, limit=9)
    assert ids == sorted(member.pk for member in found)


def test_conditions_that_make_no_sense_any_more_are_said_and_change_nothing(inside_brand, actor):
    person = MemberFactory(brand=inside_brand)
    condition, give, _take = tagged(inside_brand, person)
    segment = live_on(inside_brand, actor, condition)
    give()
    assert kept(segment) == [person.pk]
    segment.tree = tree_of(condition | {"value": [987654321]})
    segment.save()
    services.refresh(brand_id=inside_brand.pk, now=timezone.now())
    assert LiveSegment.objects.get().problem
    assert LiveMember.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_changes_while_it_is_switched_on_is_not_missed(brand, actor):
    """Their transaction began before and leaves no mark; one more look is due when it ends."""
    with tenant(brand.pk):
        person = MemberFactory(brand=brand, stage="lost")
        segment = SegmentFactory(brand=brand, tree=tree_of(GROWTH))
    changed, go_on = threading.Event(), threading.Event()

    def slow():
        try:
            with tenant(brand.pk):
                Member.objects.filter(pk=person.pk).update(stage="growth")
                changed.set()
                go_on.wait(10)
        finally:
            connection.close()

    rival = threading.Thread(target=slow)
    rival.start()
    assert changed.wait(10)
    with tenant(brand.pk):
        services.switch_on(segment=segment, actor=actor, now=timezone.now())
    refresh = lambda: services.refresh(brand_id=brand.pk, now=timezone.now())  # noqa: E731
    with tenant(brand.pk):
        refresh()
        assert not LiveMember.objects.exists()
    go_on.set()
    rival.join()
    deadline = time.monotonic() + 60
    while True:
        with tenant(brand.pk):
            assert not TouchedMember.objects.exists()
            refresh()
            if LiveSegment.objects.get().is_settled:
                assert [row.member_id for row in LiveMember.objects.all()] == [person.pk]
                break
        # Somebody else's transaction, in whichever database of the cluster, puts it off.
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_turns(brand, actor):
    with tenant(brand.pk):
        live_on(brand, actor, GROWTH)
    said = []

    def rival():
        try:
            with tenant(brand.pk):
                said.append(services.refresh(brand_id=brand.pk, now=timezone.now()))
        finally:
            connection.close()

    with tenant(brand.pk):
        assert services.refresh(brand_id=brand.pk, now=timezone.now()) == 0
        other = threading.Thread(target=rival)
        other.start()
        other.join()
    assert said == [None]
