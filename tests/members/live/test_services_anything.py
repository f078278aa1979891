"""Whatever changes about anybody, what is kept equals what is found anew."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from communities.chat.models import RoomMessage
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.organizations.models import Dealer, Region
from events.calendar.models import Event
from events.points.models import PointsEntry
from events.registrations.models import Registration
from members.custom_fields.models import CustomValue
from members.live import selectors, services
from members.live.models import TouchedMember
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member
from members.tags.models import MemberTag
from members.vehicles.models import Ownership, Vehicle
from tests.factories.members import SegmentFactory
from tests.members.segments.drawing import trees
from tests.members.segments.moments import NOW, TODAY
from tests.members.segments.population import STAGES, populate
from tests.members.segments.population_of_events import entry_of
from tests.members.segments.test_selectors import found

pytestmark = pytest.mark.django_db


def some_trees(world, number):
    """Trees drawn from a seed, outside of any example: what is live must last."""
    drawn = []
    settings_ = settings(
        max_examples=number,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def keep(tree):
        drawn.append(tree)
        return len(drawn) >= number

    find(trees(world), keep, settings=settings_)
    return drawn


def member_changes(rng, people):
    rows = Member.objects.filter(pk__in=rng.sample(people, 8))
    rows.update(stage=rng.choice(STAGES), stage_since=TODAY - timedelta(days=rng.randint(0, 40)))
    rows.update(gender=rng.choice(["f", "m", ""]), home_dealer=None)


def tag_changes(rng, people):
    chosen = MemberTag.objects.filter(member_id__in=rng.sample(people, 15))
    chosen.filter(source="rule").delete()
    chosen.update(tagged_at=NOW - timedelta(days=rng.randint(0, 40)))


def order_changes(rng, people):
    one, two = rng.sample(people, 2)
    Order.objects.filter(member_id=one).update(member_id=two, amount_fen=rng.randint(0, 30) * 100)
    Order.objects.filter(member_id__in=rng.sample(people, 5)).delete()


def car_changes(rng, people):
    cars = list(Vehicle.objects.values_list("pk", flat=True))
    Vehicle.objects.filter(pk__in=rng.sample(cars, 9)).update(mileage_km=rng.randint(0, 60) * 1000)
    Ownership.objects.filter(member_id__in=rng.sample(people, 5), ended_on=None).update(
        ended_on=TODAY
    )


def seat_changes(rng, people):
    seats = Membership.objects.filter(member_id__in=rng.sample(people, 20))
    seats.update(read_seq=0, role=rng.choice(["member", "admin"]))
    seats.filter(member_id__in=rng.sample(people, 20)).update(left_at=NOW)


def consent_changes(rng, people):
    Consent.objects.filter(member_id__in=rng.sample(people, 10)).update(withdrawn_at=NOW)


def custom_changes(rng, people):
    values = CustomValue.objects.filter(member_id__in=rng.sample(people, 20))
    values.filter(number__isnull=False).update(number=rng.randint(0, 6) * 10_000)
    values.filter(day__isnull=False).update(day=TODAY + timedelta(days=rng.randint(-9, 9)))
    values.filter(slot__gt=0).delete()


def event_changes(rng, people):
    events = list(Event.objects.values_list("pk", flat=True))
    gone = Event.objects.filter(pk__in=rng.sample(events, 4))
    gone.update(state=rng.choice(["done", "cancelled"]), ends_at=NOW - timedelta(days=2))
    went = Registration.objects.filter(member_id__in=rng.sample(people, 20), state="registered")
    went.filter(pk__gt=0).update(state="checked_in", checked_in_at=NOW)
    Registration.objects.filter(member_id__in=rng.sample(people, 6)).delete()


def points_changes(rng, people):
    chosen = Member.objects.filter(pk__in=rng.sample(people, 15))
    PointsEntry.objects.bulk_create(
        entry_of(member.brand, member, "points", "earn", "earned", rng.randint(1, 60), NOW)
        for member in chosen.select_related("brand")
    )


def message_changes(rng, people):
    """Nobody has read a new message yet; who reads on is news of their seat."""
    room = rng.choice(Room.objects.order_by("pk"))
    RoomMessage.objects.create(
        brand=room.brand,
        room=room,
        seq=room.last_seq + 1,
        sender="staff",
        sender_label="x",
        body="x",
        created_at=NOW,
    )
    Room.objects.filter(pk=room.pk).update(last_seq=room.last_seq + 1)
    seats = Membership.objects.filter(room=room, member_id__in=rng.sample(people, 30))
    seats.update(read_seq=room.last_seq + 1)


def region_changes(_rng, _people):
    one, other = Region.objects.order_by("pk")
    assert Dealer.objects.filter(region=one).update(region=other) > 0


CHANGES = [
    member_changes,
    tag_changes,
    order_changes,
    car_changes,
    seat_changes,
    consent_changes,
    custom_changes,
    event_changes,
    points_changes,
    message_changes,
    region_changes,
]


def named(world):
    """A tree for each change that drawn trees may happen to leave out."""
    read = {"number": 2, "days": 60}
    conditions = [
        {"field": "region", "cmp": "in", "value": world.region_ids[:1]},
        {"field": "events.missed", "cmp": "gte", "value": 1},
        {"field": "events.attended", "cmp": "gte", "value": 2},
        {"field": "points.balance", "cmp": "gte", "value": 30},
        {"field": "points.last", "cmp": "within", "value": 3},
        {"field": "messages.read", "cmp": "gte", "value": read},
        {"field": "orders.category", "cmp": "in", "value": ["精品"]},
    ]
    return [{"op": "all", "items": [condition]} for condition in conditions]


def differences(brand, actor, *, forget):
    """How often a kept list differed from a new look, over rounds of changes."""
    world = populate(brand, count=60)
    people = [person.row.pk for person in world.people]
    trees = [*some_trees(world, number=24), *named(world)]
    segments = [SegmentFactory(brand=brand, tree=tree) for tree in trees]
    for segment in segments:
        services.switch_on(segment=segment, actor=actor, now=NOW)
    rng, differing = random.Random(11), 0
    for change in [*CHANGES, None]:
        services.refresh(brand_id=brand.pk, now=NOW)
        for segment in segments:
            kept = selectors.member_ids(segment=segment, after=0, limit=1000)
            differing += kept != found(segment.tree, world)
        if change is not None:
            change(rng, people)
        if forget:
            TouchedMember.objects.all().delete()
    return differing


def test_what_is_kept_is_what_is_found(inside_brand, actor):
    assert differences(inside_brand, actor, forget=False) == 0


def test_without_marks_it_would_not_be(inside_brand, actor):
    assert differences(inside_brand, actor, forget=True) > 10
