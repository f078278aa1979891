"""The statement moves exactly those whom the pure rules move, to the same stage, and says why."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.lifecycle import moving, rules
from members.lifecycle.models import StageChange
from members.lifecycle.moving import Whom
from members.lifecycle.rules import STAGES, Facts, Terms
from members.orders.models import Order
from members.profiles.models import Member
from members.vehicles.models import Ownership, Vehicle, VehicleModel

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
ANCHORS = (0, 1, 5, 10, 11, 19, 20, 21, 29, 30, 31, 40, 60)
TERMS = Terms(introduction_days=10, mature_days=30, mature_orders=2, dormant_days=20, lost_days=40)

days = st.sampled_from(ANCHORS)
moments = st.builds(
    lambda back, hours: NOW - timedelta(days=back, hours=hours), days, st.integers(0, 23)
)
changes = st.lists(
    st.tuples(st.sampled_from(STAGES), st.sampled_from(list(rules.Reason)), moments),
    max_size=3,
)
people = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(STAGES),
        "created": moments,
        "active": st.none() | moments,
        "cars": st.lists(days.map(lambda back: back - 2), max_size=2),  # some not delivered yet
        "orders": st.lists(moments | st.just(NOW + timedelta(days=1)), max_size=3),
        "changes": changes,
        "told": st.booleans(),
    }
)
terms = st.just(TERMS) | st.builds(
    Terms,
    introduction_days=st.sampled_from([5, 10]),
    mature_days=st.sampled_from([11, 30]),
    mature_orders=st.integers(0, 3),
    dormant_days=st.sampled_from([1, 20]),
    lost_days=st.sampled_from([21, 40]),
)


def store(brand, model, drawn):
    """Write drawn people as rows."""
    rows = [
        Member(
            brand=brand,
            display_name="x",
            source="manual",
            stage=one["stage"],
            is_stage_told=one["told"],
            created_at=one["created"],
            updated_at=one["created"],
            last_active_at=one["active"],
        )
        for one in drawn
    ]
    Member.objects.bulk_create(rows)
    cars, orders, told = [], [], []
    for row, one in zip(rows, drawn, strict=True):
        cars += [(row, TODAY - timedelta(days=back)) for back in one["cars"]]
        orders += [
            Order(brand=brand, member=row, order_no=f"{row.pk}-{n}", ordered_at=at, amount_fen=1)
            for n, at in enumerate(one["orders"])
        ]
        told += [
            StageChange(
                brand=brand,
                member=row,
                from_stage=start,
                to_stage="growth" if start != "growth" else "mature",
                reason=reason,
                policy_version=0,
                at=at,
            )
            for start, reason, at in one["changes"]
        ]
    Order.objects.bulk_create(orders)
    StageChange.objects.bulk_create(told)
    vehicles = Vehicle.objects.bulk_create(
        Vehicle(
            brand=brand,
            model=model,
            vin_cipher=b"x",
            vin_hash=n.to_bytes(16),
            vin_tail="000000",
            created_at=NOW,
        )
        for n in range(len(cars))
    )
    Ownership.objects.bulk_create(
        Ownership(brand=brand, vehicle=vehicle, member=row, delivered_on=day)
        for vehicle, (row, day) in zip(vehicles, cars, strict=True)
    )
    return rows, told


def facts_of(row, one, told):
    """What the rules are told of a person, read from the draw and not from the database."""
    delivered = [TODAY - timedelta(days=back) for back in one["cars"] if back >= 0]
    bought = [at for at in one["orders"] if at <= NOW]
    signs = [one["created"], *bought, *([one["active"]] if one["active"] else [])]
    signs += [datetime.combine(day, datetime.min.time(), rules.ZONE) for day in delivered]
    own = sorted((c for c in told if c.member_id == row.pk), key=lambda c: (c.at, c.pk))
    said = [c.at for c in own if c.reason in rules.SAID]
    before = [c.from_stage for c in own if c.from_stage not in rules.SILENT]
    return Facts(
        stage=one["stage"],
        first_delivery=min(delivered, default=None),
        orders=len(bought),
        last_sign=max(signs),
        said_at=said[-1] if said else one["created"] if one["told"] else None,
        is_held=own[-1].reason in rules.SAID if own else one["told"],
        stage_before=before[-1] if before else None,
    )


def test_the_statement_moves_whom_the_rules_move(inside_brand):
    model = VehicleModel.objects.create(brand=inside_brand, code="M", name="M")

    @settings(
        max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(people, min_size=1, max_size=25), terms)
    def check(drawn, terms):
        with transaction.atomic():
            rows, told = store(inside_brand, model, drawn)
            due = {}
            for row, one in zip(rows, drawn, strict=True):
                if wanted := rules.next_move(facts_of(row, one, told), terms, NOW):
                    due[row.pk] = (one["stage"], wanted.to_stage, wanted.reason.value)
            brand_id, whom = inside_brand.pk, Whom.everybody()
            counted = moving.count_due(brand_id=brand_id, whom=whom, terms=terms, now=NOW)
            moved = moving.move(brand_id=brand_id, whom=whom, terms=terms, version=3, now=NOW)
            new = StageChange.objects.filter(policy_version=3)
            written = list(new.values_list("member_id", "from_stage", "to_stage", "reason", "at"))
            stages = dict(Member.objects.values_list("pk", "stage"))
            transaction.set_rollback(True)
        assert {pk: move for pk, *move, at in written if at == NOW} == {
            pk: list(move) for pk, move in due.items()
        }
        assert counted == moved
        assert sum(moved.values()) == len(due)
        wanted = {row.pk: one["stage"] for row, one in zip(rows, drawn, strict=True)}
        assert stages == wanted | {pk: move[1] for pk, move in due.items()}

    check()


@pytest.fixture
def silent(inside_brand):
    long_ago = NOW - timedelta(days=50)
    return [
        Member.objects.create(
            brand=inside_brand,
            display_name="x",
            source="manual",
            stage="growth",
            stage_since=TODAY,
            created_at=long_ago,
            updated_at=long_ago,
        )
        for _ in range(5)
    ]


@pytest.mark.parametrize(
    ("whom", "moved"),
    [
        (lambda rows: Whom.stretch(rows[0].pk, rows[2].pk), 2),
        (lambda rows: Whom.listed([rows[1].pk, rows[4].pk, 0]), 2),
        (lambda rows: Whom.sampled([rows[0].pk, rows[1].pk], 3), 4),
        (lambda _rows: Whom.everybody(), 5),
    ],
)
def test_only_those_meant_are_moved(whom, moved, inside_brand, silent):
    chosen, brand_id = whom(silent), inside_brand.pk
    counts = {("growth", "lost"): moved}
    assert moving.count_due(brand_id=brand_id, whom=chosen, terms=TERMS, now=NOW) == counts
    assert moving.move(brand_id=brand_id, whom=chosen, terms=TERMS, version=0, now=NOW) == counts
    assert moving.move(brand_id=brand_id, whom=chosen, terms=TERMS, version=0, now=NOW) == {}
    one = Member.objects.filter(stage="lost").first()
    assert (one.stage_since, one.version, one.updated_at) == (TODAY, 2, NOW)
