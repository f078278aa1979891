"""Turns drawn people into rows and loads them."""

from __future__ import annotations

from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from core.kernel import crypto
from integrations.demo import binary, catalogue, loader, people, vins
from integrations.demo.people import CATEGORIES, CHANNELS, DAY, GENDERS, SOURCES, STAGES
from members.privacy.models import ConsentText
from members.tags.models import Tag, TagGroup, TagRule
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from numpy.random import Generator
    from numpy.typing import NDArray

    from core.organizations.models import Brand
    from integrations.demo.organization import Network
    from integrations.demo.people import Ints, People
    from integrations.demo.plan import Plan

OWNER = "owner"
LINES = 20_000
MEMBER_COLUMNS = [
    "id",
    "brand_id",
    "display_name",
    "customer_no",
    "phone_cipher",
    "phone_hash",
    "phone_masked",
    "phone_tail",
    "gender",
    "city_id",
    "home_dealer_id",
    "stage",
    "stage_since",
    "source",
    "joined_on",
    "last_active_at",
    "created_at",
    "updated_at",
    "version",
]


def load_members(
    *, brand: Brand, plan: Plan, network: Network, drawn: People, now: datetime
) -> Ints:
    """COPY the members and return their ids."""
    first = loader.take_ids(table="members_member", count=len(drawn))
    lines = _member_lines(brand, plan, network, drawn, first, now)
    loader.copy_lines(table="members_member", columns=MEMBER_COLUMNS, lines=lines)
    return np.arange(first, first + len(drawn), dtype=np.int64)


def _member_lines(
    brand: Brand, plan: Plan, network: Network, drawn: People, first: int, now: datetime
) -> Iterator[bytes]:
    days = _Dates()
    dealer_ids = [*map(str, network.dealer_ids.tolist()), NULL]
    cities = [str(city) for city in network.dealer_cities]
    spare = np.random.default_rng(plan.seed).integers(len(cities), size=len(drawn))
    places = np.where(drawn.dealers >= 0, drawn.dealers, spare)
    stamp = now.isoformat()
    for start in range(0, len(drawn), LINES):
        part = slice(start, start + LINES)
        joined = [days[day] for day in drawn.joined_days[part].tolist()]
        ids = range(first + start, first + start + len(joined))
        has_city = drawn.has_city[part].tolist()
        # A column at a time: the whole of a line is put together without a step of Python.
        columns: list[Iterable[str]] = [
            map(str, ids),
            repeat(str(brand.pk)),
            drawn.names[part],
            [f"{plan.brand.prefix}{pk:09d}" for pk in ids],
            _phones(brand.pk, drawn, part),
            [GENDERS[gender] for gender in drawn.genders[part].tolist()],
            [
                cities[place] if known else NULL
                for place, known in zip(places[part].tolist(), has_city, strict=True)
            ],
            [dealer_ids[dealer] for dealer in drawn.dealers[part].tolist()],
            [STAGES[stage] for stage in drawn.stages[part].tolist()],
            [days[day] for day in drawn.stage_days[part].tolist()],
            [SOURCES[source] for source in drawn.sources[part].tolist()],
            joined,
            _moments(drawn.active_micros[part]),
            [f"{day} 09:00+08\t{stamp}\t1\n" for day in joined],
        ]
        yield "".join(map("\t".join, zip(*columns, strict=False))).encode()


NULL = "\\N"
NO_PHONE = f"{NULL}\t{NULL}\t\t"


def _phones(brand_id: int, drawn: People, part: slice) -> list[str]:
    """Return for each the four columns that stand for a phone."""
    nationals = drawn.phones[part]
    numbers = [f"+86{national}" for national in nationals]
    sealed = crypto.encrypt_many(numbers)
    found_by = crypto.lookup_hashes(brand_id=brand_id, kind="phone", values=numbers)
    return [
        f"\\\\x{cipher.hex()}\t\\\\x{digest.hex()}\t{phone[:3]}****{phone[-4:]}\t{phone[-4:]}"
        if has
        else NO_PHONE
        for has, phone, cipher, digest in zip(
            drawn.has_phone[part].tolist(), nationals, sealed, found_by, strict=True
        )
    ]


class _Dates(dict[int, str]):
    """ISO texts of days counted from 1970, each made once."""

    def __missing__(self, day: int) -> str:
        self[day] = str(np.datetime64(day, "D"))
        return self[day]


def _moments(micros: Ints) -> list[str]:
    """Return the text of each moment in UTC, to the second; -1 is none."""
    seconds = (micros // 1_000_000).astype("datetime64[s]")
    texts = np.datetime_as_string(seconds, timezone="UTC").astype(object)
    texts[micros < 0] = NULL
    moments: list[str] = texts.tolist()
    return moments


def load_identities(*, brand: Brand, ids: Ints, drawn: People, rng: Generator) -> None:
    """Give most members an account in the brand's app, as they came."""
    who = people.holders(count=len(ids), share=0.7, rng=rng)
    held = ids[who]
    first = loader.take_ids(table="members_identity", count=len(held))
    loader.copy_columns(
        table="members_identity",
        count=len(held),
        columns={
            "id": binary.int8(np.arange(first, first + len(held))),
            "brand_id": binary.int8(brand.pk),
            "member_id": binary.int8(held),
            "kind": binary.text("app_user"),
            "value": binary.numbered("u", held * 7 + 100_003, 11),
            "created_at": binary.timestamp(drawn.joined_micros[who]),
        },
    )


CONSENT_TEXTS = {
    "community": (
        "我同意品牌及所属经销商邀请我加入车主社群，并在社群内使用我的昵称。我可随时退出并撤回同意。"
    ),
    "marketing": (
        "我同意品牌通过社群、企业微信和应用向我发送活动与优惠信息。我可随时撤回同意，撤回即时生效。"
    ),
}


# How long the text has been in force that all consents name.
TEXT_AGE = timedelta(days=710)


def make_consent_texts(*, brand: Brand, now: datetime) -> None:
    """Write what the members agreed to: the version that all consents name."""
    since = now - TEXT_AGE
    ConsentText.objects.using(OWNER).bulk_create(
        ConsentText(
            brand=brand,
            purpose=purpose,
            version=f"{since:%Y-%m}",
            body=body,
            effective_from=since,
            created_by_label="总部",
            created_at=since,
        )
        for purpose, body in CONSENT_TEXTS.items()
    )


def load_consents(*, brand: Brand, ids: Ints, drawn: People, rng: Generator, now: datetime) -> None:
    """Write who agreed to what, and the few who changed their mind since."""
    version, withdrawn_at = f"{now - TEXT_AGE:%Y-%m}", people.micros_of(now) - 9 * DAY
    earliest = people.micros_of(now - TEXT_AGE) + DAY
    agreed_at = np.maximum(drawn.joined_micros, earliest)
    for purpose, share in (("community", 0.9), ("marketing", 0.66)):
        given = people.holders(count=len(ids), share=share, rng=rng)
        changed = (rng.random(len(given)) < 0.04) & (agreed_at[given] < withdrawn_at)
        for held, withdrawn in ((given[~changed], None), (given[changed], withdrawn_at)):
            first = loader.take_ids(table="members_consent", count=max(1, len(held)))
            loader.copy_columns(
                table="members_consent",
                count=len(held),
                columns={
                    "id": binary.int8(np.arange(first, first + len(held))),
                    "brand_id": binary.int8(brand.pk),
                    "member_id": binary.int8(ids[held]),
                    "purpose": binary.text(purpose),
                    "version": binary.text(version),
                    "given_at": binary.timestamp(agreed_at[held]),
                    "withdrawn_at": binary.timestamp(withdrawn),
                    "evidence": binary.text("购车协议附页勾选"),
                    "withdrawn_evidence": binary.text("来电要求停止联系" if withdrawn else ""),
                },
            )


def load_tags(
    *, brand: Brand, ids: Ints, drawn: People, rng: Generator, now: datetime
) -> dict[str, int]:
    """Make the catalogue of tags and give them out; return their ids by name."""
    member_for = np.maximum(0, people.micros_of(now) - drawn.joined_micros)
    since = np.minimum(member_for, 720 * DAY)
    tag_ids: dict[str, int] = {}
    for group_name, is_exclusive, demo_tags in catalogue.TAG_GROUPS:
        group = TagGroup.objects.using(OWNER).create(
            brand=brand, name=group_name, is_exclusive=is_exclusive
        )
        tags = [Tag(brand=brand, group=group, name=each.name, created_at=now) for each in demo_tags]
        tags = Tag.objects.using(OWNER).bulk_create(tags)
        shares = [each.share for each in demo_tags]
        if is_exclusive:
            held = people.split(count=len(ids), shares=shares, rng=rng)
        else:
            held = [people.holders(count=len(ids), share=share, rng=rng) for share in shares]
        for tag, demo_tag, who in zip(tags, demo_tags, held, strict=True):
            tag_ids[tag.name] = tag.pk
            if demo_tag.rule:
                TagRule.objects.using(OWNER).create(brand=brand, tag=tag, tree=demo_tag.rule)
            elif len(who):
                ago = (since[who] * rng.random(len(who))).astype(np.int64)
                moments = people.micros_of(now) - ago
                _give(brand.pk, tag.pk, demo_tag.source, ids[who], moments)
    return tag_ids


def _give(brand_id: int, tag_id: int, source: str, holders: Ints, moments: Ints) -> None:
    loader.copy_columns(
        table="members_membertag",
        count=len(holders),
        columns={
            "brand_id": binary.int8(brand_id),
            "tag_id": binary.int8(tag_id),
            "member_id": binary.int8(holders),
            "source": binary.text(source),
            "author_id": binary.int8(None),
            "tagged_at": binary.timestamp(moments),
            "expires_at": binary.timestamp(None),
        },
    )


def load_vehicles(
    *, brand: Brand, plan: Plan, ids: Ints, drawn: People, rng: Generator, now: datetime
) -> None:
    """Give everybody who has one a car with a number of its own."""
    models = [VehicleModel(brand=brand, code=code, name=name) for code, name in plan.brand.models]
    models = VehicleModel.objects.using(OWNER).bulk_create(models)
    owners = np.flatnonzero(drawn.has_car)
    count = len(owners)
    first = loader.take_ids(table="members_vehicle", count=count)
    cars = np.arange(first, first + count, dtype=np.int64)
    weights = 1 / (np.arange(len(models)) + 2)
    drawn_models = rng.choice(len(models), size=count, p=weights / weights.sum())
    delivered = drawn.delivered_days[owners]
    numbers = vins.vins(
        maker=f"L{plan.brand.prefix}",
        models=drawn_models,
        years=1970 + delivered // 365,
        serials=cars,
    )
    model_ids = np.array([model.pk for model in models], dtype=np.int64)
    age = people.today_of(now) - delivered
    loader.copy_columns(
        table="members_vehicle",
        count=count,
        columns={
            "id": binary.int8(cars),
            "brand_id": binary.int8(brand.pk),
            "vin_cipher": binary.fixed(crypto.encrypt_many(numbers)),
            "vin_hash": binary.fixed(
                crypto.lookup_hashes(brand_id=brand.pk, kind="vin", values=numbers)
            ),
            "vin_tail": binary.fixed([number[-6:].encode() for number in numbers]),
            "model_id": binary.int8(model_ids[drawn_models]),
            "is_domestic": binary.boolean(1),
            "mileage_km": binary.int4((age * rng.uniform(12, 70, size=count)).astype(np.int64)),
            "created_at": binary.timestamp(delivered * DAY),
        },
    )
    _own(brand.pk, cars, ids[owners], delivered)


def _own(brand_id: int, cars: Ints, owners: Ints, delivered: Ints) -> None:
    first = loader.take_ids(table="members_ownership", count=len(cars))
    loader.copy_columns(
        table="members_ownership",
        count=len(cars),
        columns={
            "id": binary.int8(np.arange(first, first + len(cars))),
            "brand_id": binary.int8(brand_id),
            "vehicle_id": binary.int8(cars),
            "member_id": binary.int8(owners),
            "delivered_on": binary.date(delivered),
            "ended_on": binary.date(None),
        },
    )


def load_orders(
    *, brand: Brand, plan: Plan, ids: Ints, drawn: People, rng: Generator, now: datetime
) -> int:
    """COPY the orders, those of one channel and category at a time; return how many."""
    made = people.orders(people=drawn, now=now, rng=rng)
    total = len(made.members)
    first = loader.take_ids(table="members_order", count=max(1, total))
    numbers: NDArray[np.int64] = np.arange(first, first + total, dtype=np.int64)
    for channel, category, rows in _sorted(made):
        loader.copy_columns(
            table="members_order",
            count=len(rows),
            columns={
                "id": binary.int8(numbers[rows]),
                "order_no": binary.numbered(f"{plan.brand.prefix}O", numbers[rows], 11),
                "ordered_at": binary.timestamp(made.micros[rows]),
                "amount_fen": binary.int8(made.fen[rows]),
                "quantity": binary.int4(made.quantities[rows]),
                "channel": binary.text(channel),
                "category": binary.text(category),
                "brand_id": binary.int8(brand.pk),
                "member_id": binary.int8(ids[made.members[rows]]),
            },
        )
    names = sorted({name for small, _from, large in CATEGORIES.values() for name in (small, large)})
    loader.execute(
        "INSERT INTO members_ordercategory (brand_id, name) SELECT %s, unnest(%s)",
        [brand.pk, names],
    )
    return total


def _sorted(made: people.Orders) -> Iterator[tuple[str, str, Ints]]:
    """Yield the positions of orders by channel and category, so that both are fixed columns."""
    for code, channel in enumerate(CHANNELS):
        small, limit, large = CATEGORIES[channel]
        rows = np.flatnonzero(made.channels == code)
        is_large = made.fen[rows] >= limit
        yield channel, small, rows[~is_large]
        yield channel, large, rows[is_large]
