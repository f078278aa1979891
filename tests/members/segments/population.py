"""A few hundred members drawn from a seed, as rows and as plain values for the oracle."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db import connection

from communities.chat.models import RoomMessage
from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.rooms.models import Room
from events.calendar.models import Event
from events.points.models import PointsBalance, PointsEntry
from events.registrations.models import Registration
from members.custom_fields.models import CustomChoice, CustomField, CustomValue
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member
from members.segments.models import Segment
from members.tags.models import MemberTag, Tag, TagGroup
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.core import CityFactory, DealerFactory, RegionFactory
from tests.members.segments.moments import NOW, TODAY, moment
from tests.members.segments.population_of_events import draw_events, draw_points

NICKS = ["小陈", "小", "100%", "a_b", "O'Hara", "小陈\\"]
CUSTOM = [
    ("nick", "text", 0),
    ("family", "number", 0),
    ("score", "number", 2),
    ("swap", "date", 0),
    ("purpose", "choice", 0),
    ("likes", "choices", 0),
]
STAGES = ["prospect", "introduction", "growth", "mature", "dormant", "lost"]
SOURCES = ["manual", "rule", "import"]
KINDS = ["flash", "service", "core"]
CHANNELS = ["app", "dealer", ""]
CATEGORIES = ["精品", "保养", "保险", ""]
CITIES = [("3301", "杭州市", "浙江省"), ("3302", "宁波市", "浙江省"), ("3101", "上海市", "上海市")]


@dataclass
class Person:
    """What the oracle knows about one member."""

    row: Member
    region_id: int | None = None
    province: str | None = None
    tags: dict = field(default_factory=dict)  # tag id: (source, tagged_at)
    orders: list = field(default_factory=list)  # (ordered_at, fen, channel, category)
    cars: list = field(default_factory=list)  # (model id, delivered_on, km or None), current ones
    consents: dict = field(default_factory=dict)  # purpose: whether it still holds
    seats: list = field(default_factory=list)  # those taken now
    points: list = field(default_factory=list)  # (ledger, side, amount, at) of those that count
    visits: list = field(default_factory=list)  # registrations for events
    custom: dict = field(default_factory=dict)  # key: text, number, day, choice or set of choices


@dataclass
class Seat:
    """A place in a room; ``messages`` are the moments of the room's messages, in order."""

    community_id: int
    kind: str
    room_id: int
    role: str
    read_seq: int
    messages: list


@dataclass
class World:
    """Everybody, and the ids that conditions can name."""

    brand_id: int
    people: list
    tag_ids: list
    group_ids: list
    tags_of_group: dict
    dealer_ids: list
    region_ids: list
    model_ids: list
    community_ids: list
    room_ids: list
    event_ids: list
    segments: dict  # id: tree
    choice_ids: dict  # key of a custom field: ids of its choices


def populate(brand, *, count=250, seed=7):
    rng = random.Random(seed)
    cities = [CityFactory(code=c, name=n, province_name=p) for c, n, p in CITIES]
    regions = [RegionFactory(brand=brand) for _ in range(2)]
    dealers = [
        DealerFactory(brand=brand, region=rng.choice(regions), city=cities[0]) for _ in "12345"
    ]
    groups = [TagGroup.objects.create(brand=brand, name=f"g{n}") for n in range(2)]
    tags = [
        Tag.objects.create(brand=brand, group=groups[n % 2], name=f"t{n}", created_at=NOW)
        for n in range(6)
    ]
    models = [VehicleModel.objects.create(brand=brand, code=f"M{n}", name=f"M{n}") for n in "12"]
    people = [_person(brand, rng, cities, dealers) for _ in range(count)]
    Member.objects.bulk_create(person.row for person in people)
    _belongings(brand, rng, people, tags, models)
    rooms = _rooms(brand, rng)
    _seats(brand, rng, people, rooms)
    events = draw_events(brand, random.Random(seed + 2), people)
    choice_ids = _custom(brand, random.Random(seed + 1), people)
    draw_points(brand, random.Random(seed + 3), people)
    analyze(Member, MemberTag, Order, Consent, Vehicle, Ownership, Room, RoomMessage, Membership)
    analyze(CustomValue, Event, Registration, PointsEntry, PointsBalance)
    return World(
        brand_id=brand.pk,
        people=people,
        tag_ids=[tag.pk for tag in tags],
        group_ids=[group.pk for group in groups],
        tags_of_group={g.pk: {t.pk for t in tags if t.group_id == g.pk} for g in groups},
        dealer_ids=[dealer.pk for dealer in dealers],
        region_ids=[region.pk for region in regions],
        model_ids=[model.pk for model in models],
        community_ids=list({room.community_id for room, _told in rooms}),
        room_ids=[room.pk for room, _told in rooms],
        event_ids=[event.pk for event in events],
        segments=_segments(brand, tags),
        choice_ids=choice_ids,
    )


def analyze(*models):
    """What autovacuum does in production; without it the planner takes every table for empty."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(model._meta.db_table for model in models))


def _person(brand, rng, cities, dealers):
    city = rng.choice([*cities, None])
    dealer = rng.choice([*dealers, None])
    row = Member(
        brand=brand,
        display_name=rng.choice("王李张") + rng.choice("一%_\\'"),
        gender=rng.choice(["f", "m", ""]),
        stage=rng.choice(STAGES),
        stage_since=rng.choice([None, TODAY - timedelta(days=rng.randint(0, 40))]),
        source=rng.choice(["import", "app"]),
        joined_on=rng.choice([None, TODAY - timedelta(days=rng.randint(0, 40))]),
        last_active_at=rng.choice([None, moment(rng, 40)]),
        city=city,
        home_dealer=dealer,
        phone_hash=rng.choice([None, rng.randbytes(16)]),
        created_at=NOW,
        updated_at=NOW,
    )
    row.phone_cipher = row.phone_hash
    return Person(
        row,
        region_id=dealer.region_id if dealer else None,
        province=city.province_name if city else None,
    )


def _belongings(brand, rng, people, tags, models):
    rows, sorts = {MemberTag: [], Order: [], Consent: []}, random.Random(3)
    for person in people:
        for tag in rng.sample(tags, rng.randint(0, 4)):
            source, at = rng.choice(SOURCES), moment(rng, 40)
            person.tags[tag.pk] = (source, at)
            rows[MemberTag].append(
                MemberTag(brand=brand, tag=tag, member=person.row, source=source, tagged_at=at)
            )
        for number in range(rng.choice([0, 0, 1, 2, 3, 5])):
            at, fen, channel = moment(rng, 40), rng.randint(0, 30) * 100, rng.choice(CHANNELS)
            category = sorts.choice(CATEGORIES)
            person.orders.append((at, fen, channel, category))
            rows[Order].append(
                Order(
                    brand=brand,
                    member=person.row,
                    order_no=f"{person.row.pk}-{number}",
                    ordered_at=at,
                    amount_fen=fen,
                    channel=channel,
                    category=category,
                )
            )
        for purpose in ("community", "marketing"):
            holds = rng.choice([None, True, False])
            if holds is None:
                continue
            person.consents[purpose] = holds
            rows[Consent].append(
                Consent(
                    brand=brand,
                    member=person.row,
                    purpose=purpose,
                    version="1",
                    given_at=NOW,
                    withdrawn_at=None if holds else NOW,
                    evidence="x",
                )
            )
        _cars(brand, rng, person, models)
    for model, made in rows.items():
        model.objects.bulk_create(made)


def _cars(brand, rng, person, models):
    for _ in range(rng.choice([0, 1, 1, 2])):
        model, sold = rng.choice(models), rng.random() < 0.3
        delivered = TODAY - timedelta(days=rng.choice([rng.randint(0, 40), rng.randint(0, 1500)]))
        km = rng.choice([None, rng.randint(0, 60) * 1000])
        vehicle = Vehicle.objects.create(
            brand=brand,
            model=model,
            mileage_km=km,
            vin_cipher=b"x",
            vin_hash=rng.randbytes(16),
            vin_tail="000000",
            created_at=NOW,
        )
        Ownership.objects.create(
            brand=brand,
            vehicle=vehicle,
            member=person.row,
            delivered_on=delivered,
            ended_on=TODAY if sold else None,
        )
        if not sold:
            person.cars.append((model.pk, delivered, km))


def _rooms(brand, rng):
    """Three communities of two rooms; each room with the moments of its messages, in order."""
    made = []
    for number, kind in enumerate(KINDS):
        community = Community.objects.create(
            brand=brand,
            kind=kind,
            name=f"c{number}",
            room_name_template="{name} {n}",
            room_cap=500,
            created_at=NOW,
        )
        for n in (1, 2):
            told = sorted(moment(rng, 60) for _ in range(rng.choice([0, 5, 12])))
            room = Room.objects.create(
                brand=brand,
                community=community,
                number=n,
                name=f"c{number} {n}",
                cap=500,
                last_seq=len(told),
                created_at=NOW,
            )
            RoomMessage.objects.bulk_create(
                RoomMessage(
                    brand=brand,
                    room=room,
                    seq=seq,
                    sender="staff",
                    sender_label="x",
                    body="x",
                    created_at=at,
                )
                for seq, at in enumerate(told, start=1)
            )
            made.append((room, told))
    return made


def _seats(brand, rng, people, rooms):
    """At most one seat in each community; some people left theirs."""
    rows = []
    for person in people:
        for pair in range(0, len(rooms), 2):
            if rng.random() < 0.5:
                continue
            room, told = rooms[pair + rng.randint(0, 1)]
            role = rng.choice(["member", "member", "admin", "president"])
            read, left = rng.randint(0, len(told)), rng.random() < 0.2
            rows.append(
                Membership(
                    brand=brand,
                    community=room.community,
                    room=room,
                    member=person.row,
                    role=role,
                    source="manual",
                    joined_at=NOW,
                    left_at=NOW if left else None,
                    read_seq=read,
                )
            )
            if not left:
                kind, community = room.community.kind, room.community_id
                person.seats.append(Seat(community, kind, room.pk, role, read, told))
    Membership.objects.bulk_create(rows)


def _custom(brand, rng, people):
    """A field of each kind; about two in three people have a value."""
    fields = {
        key: CustomField.objects.create(
            brand=brand, key=key, label=key, kind=kind, decimals=decimals, created_at=NOW
        )
        for key, kind, decimals in CUSTOM
    }
    choices = {
        key: [
            CustomChoice.objects.create(brand=brand, field=fields[key], label=label).pk
            for label in "甲乙丙丁"
        ]
        for key in ("purpose", "likes")
    }
    rows = []
    for person in people:
        person.custom = drawn = _drawn(rng, choices)
        common = {"brand": brand, "member": person.row}
        for key, value in drawn.items():
            of_field = common | {"field": fields[key]}
            if key == "likes":
                rows += [CustomValue(**of_field, slot=pk, choice_id=pk) for pk in value]
            elif key in ("family", "score"):
                rows.append(CustomValue(**of_field, number=int(value * 10_000)))
            else:
                column = {"nick": "text", "swap": "day", "purpose": "choice_id"}[key]
                rows.append(CustomValue(**of_field, **{column: value}))
    CustomValue.objects.bulk_create(rows)
    return choices


def _drawn(rng, choices):
    every = {
        "nick": rng.choice(NICKS),
        "family": Decimal(rng.randint(-1, 6)),
        "score": Decimal(rng.randint(0, 20)) / 4,
        "swap": TODAY + timedelta(days=rng.randint(-40, 40)),
        "purpose": rng.choice(choices["purpose"]),
        "likes": set(rng.sample(choices["likes"], rng.randint(1, 3))),
    }
    return {key: value for key, value in every.items() if rng.random() < 0.66}


def _segments(brand, tags):
    """Two segments that others can name; the second names the first."""
    young = {"field": "stage", "cmp": "in", "value": ["introduction", "growth"]}
    tagged = {"field": "tags", "cmp": "any", "value": [tags[0].pk]}
    first = {"op": "any", "items": [young, tagged]}
    made = {}
    for number in range(2):
        inner = {"field": "segment", "cmp": "in", "value": list(made)} if made else young
        tree = {"op": "not", "items": [inner]} if number else first
        segment = Segment.objects.create(
            brand=brand, name=f"s{number}", tree=tree, created_at=NOW, updated_at=NOW
        )
        made[segment.pk] = tree
    return made
