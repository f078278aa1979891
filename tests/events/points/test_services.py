from datetime import UTC, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.audit.models import AuditEntry
from core.kernel.access import Viewer
from core.kernel.errors import DomainError, Forbidden, InvalidInput
from events.points import services
from events.points.models import PointsBalance, PointsEntry
from events.points.rules import Wanted
from tests.factories.core import BrandFactory, DealerFactory
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(inside_brand):
    return MemberFactory(brand=inside_brand, customer_no="C-1")


def row(member, amount=10, number="1", **values):
    return {
        "member": member.pk,
        "ledger": "points",
        "kind": "earn" if amount > 0 else "spend",
        "amount": amount,
        "source": "shop",
        "source_id": number,
        **values,
    }


def batch(actor, *rows):
    found = services.post_batch(rows=rows, actor=actor, now=timezone.now())
    return [(r.outcome, [(p.name, p.code) for p in r.problems]) for r in found]


def wanted(amount, number, **values):
    values = {"ledger": "points", "kind": "earn" if amount > 0 else "spend"} | values
    return Wanted(amount=amount, source="shop", source_id=number, **values)


def test_rows_are_judged_alone_in_their_order(member, actor):
    by_number = row(member, 5, "2") | {"customer_no": "C-1"}
    del by_number["member"]
    assert batch(
        actor,
        row(member, 100),
        by_number,
        row(member, -200, "3"),
        row(member, -60, "4"),
        row(member, -60, "5"),
        row(member, 0, "6"),
        row(member, 7, "1"),
        row(member, 1, "7") | {"member": member.pk + 999},
        row(member, 1, "8", source="expiry"),
    ) == [
        ("created", []),
        ("created", []),
        ("refused", [("amount", "not_enough_points")]),
        ("created", []),
        ("refused", [("amount", "not_enough_points")]),
        ("refused", [("amount", "zero")]),
        ("refused", [("source_id", "duplicate")]),
        ("refused", [("member", "member_unknown")]),
        ("refused", [("source", "reserved")]),
    ]
    assert balance(member) == 45
    [told] = AuditEntry.objects.filter(action="points.batch")
    assert told.data == {"created": 3, "unchanged": 0, "refused": 6}


def test_sent_again_nothing_moves(member, actor):
    batch(actor, row(member, 100), row(member, -30, "2"))
    assert batch(actor, row(member, 100), row(member, -30, "2"), row(member, -31, "2")) == [
        ("unchanged", []),
        ("unchanged", []),
        ("refused", [("source_id", "duplicate")]),
    ]
    assert batch(actor, row(member, 99)) == [("refused", [("source_id", "source_id_reused")])]
    assert balance(member) == 70


def test_a_member_out_of_sight_is_unknown(member, inside_brand):
    dealer = DealerFactory(brand=inside_brand)
    viewer = Viewer(
        brand_id=inside_brand.pk,
        label="x",
        permissions=frozenset(services.Permission),
        dealer_ids=frozenset({dealer.pk}),
    )
    assert batch(viewer, row(member)) == [("refused", [("member", "member_unknown")])]


def test_the_number_of_queries_does_not_depend_on_rows(inside_brand, actor, query_budget):
    people = MemberFactory.create_batch(12, brand=inside_brand)
    rows = [row(each, 5, f"{each.pk}-{n}") for each in people for n in range(5)]
    with query_budget(14):
        found = services.post_batch(rows=rows, actor=actor, now=timezone.now())
    assert {each.outcome for each in found} == {"created"}


def test_earning_and_spending_count_as_activity_once_a_day(member, inside_brand, actor):
    other = MemberFactory(brand=inside_brand)
    now = timezone.localtime().replace(hour=12)
    earlier = (now - timedelta(days=2)).isoformat()

    def bring(*rows, at):
        services.post_batch(rows=rows, actor=actor, now=at)
        member.refresh_from_db()
        return member.last_active_at

    assert bring(row(member, 50, occurred_at=earlier), at=now).isoformat() == (
        (now - timedelta(days=2)).astimezone(UTC).isoformat()
    )
    assert bring(row(member, -5, "2"), row(other, 0, "3"), at=now) == now
    assert bring(row(member, -5, "4"), at=now + timedelta(hours=2)) == now
    gift = row(member, 5, "5", kind="adjust", reason="生日")
    assert bring(gift, at=now + timedelta(days=1)) == now
    other.refresh_from_db()
    assert other.last_active_at is None


def test_points_bring_back_who_was_dormant(inside_brand, actor):
    now = timezone.now()
    away = MemberFactory(brand=inside_brand, stage="dormant", created_at=now - timedelta(days=400))
    services.post(member=away, wanted=wanted(50, "1"), actor=actor, now=now)
    away.refresh_from_db()
    assert away.stage == "prospect"


def test_a_movement_is_posted_once(member, actor):
    now = timezone.now()
    first = services.post(member=member, wanted=wanted(50, "1"), actor=actor, now=now)
    again = services.post(member=member, wanted=wanted(50, "1"), actor=actor, now=now)
    assert (first.is_new, again.is_new, first.entry) == (True, False, again.entry)
    with pytest.raises(services.SourceIdReused):
        services.post(member=member, wanted=wanted(51, "1"), actor=actor, now=now)
    with pytest.raises(services.NotEnoughPoints, match="50"):
        services.post(member=member, wanted=wanted(-51, "2"), actor=actor, now=now)
    with pytest.raises(InvalidInput):
        services.post(member=member, wanted=wanted(0, "3"), actor=actor, now=now)
    told = AuditEntry.objects.filter(action="points.posted")
    assert [each.data["amount"] for each in told] == [50]


def test_without_the_right_nothing_is_posted(member):
    viewer = Viewer(brand_id=member.brand_id, label="x")
    with pytest.raises(Forbidden):
        services.post_batch(rows=[row(member)], actor=viewer, now=timezone.now())


def test_pending_counts_once_confirmed(member, actor):
    entry, now = post(member, 40, pending=True), timezone.now()
    [held] = PointsBalance.objects.filter(member=member, ledger="points")
    assert (held.balance, held.pending) == (0, 40)
    for _time in range(2):
        services.settle(entry=entry, confirmed=True, actor=actor, now=now)
    held.refresh_from_db()
    assert (held.balance, held.pending, held.earned) == (40, 0, 40)
    with pytest.raises(services.AlreadySettled):
        services.settle(entry=entry, confirmed=False, actor=actor, now=now)


def test_what_is_cancelled_never_counts(member, actor):
    entry, now = post(member, 40, pending=True), timezone.now()
    services.settle(entry=entry, confirmed=False, actor=actor, now=now)
    assert balance(member) == 0
    for confirmed in (True, False):
        if confirmed:
            with pytest.raises(services.AlreadySettled):
                services.settle(entry=entry, confirmed=True, actor=actor, now=now)
        else:
            services.settle(entry=entry, confirmed=False, actor=actor, now=now)
    with pytest.raises(services.CannotReverse):
        services.reverse(entry=entry, reason="x", actor=actor, now=now)


def test_a_reversal_takes_back_what_is_left(member, actor):
    now, spent = timezone.now(), None
    earned = post(member, 100)
    spent = post(member, -30)
    part = services.reverse(entry=spent, amount=10, reason="returned", actor=actor, now=now)
    assert (part.amount, part.reverses_id, balance(member)) == (10, spent.pk, 80)
    with pytest.raises(InvalidInput):
        services.reverse(entry=spent, amount=21, reason="x", actor=actor, now=now)
    services.reverse(entry=spent, reason="returned", actor=actor, now=now)
    with pytest.raises(services.CannotReverse):
        services.reverse(entry=spent, reason="x", actor=actor, now=now)
    with pytest.raises(services.CannotReverse):
        services.reverse(entry=part, reason="x", actor=actor, now=now)
    [held] = PointsBalance.objects.filter(member=member, ledger="points")
    assert (held.balance, held.spent) == (100, 0)
    services.reverse(entry=earned, reason="mistake", actor=actor, now=now)
    held.refresh_from_db()
    assert (held.balance, held.earned) == (0, 0)


def test_what_was_spent_cannot_be_taken_back(member, actor):
    earned = post(member, 100)
    post(member, -30)
    with pytest.raises(services.NotEnoughPoints):
        services.reverse(entry=earned, reason="x", actor=actor, now=timezone.now())
    services.reverse(entry=earned, amount=70, reason="x", actor=actor, now=timezone.now())
    assert balance(member) == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\0"])
def test_a_reversal_says_why(reason, member, actor):
    entry = post(member, 100)
    with pytest.raises(InvalidInput):
        services.reverse(entry=entry, reason=reason, actor=actor, now=timezone.now())


class Ledgers(RuleBasedStateMachine):
    """Whatever happens in whatever order, balances are sums, and what a plain model says."""

    ledgers = st.sampled_from(["points", "contribution"])
    amounts = st.integers(-60, 100).filter(bool)

    @initialize()
    def begin(self):
        self.now = timezone.now()
        self.people = MemberFactory.create_batch(2, brand=Ledgers.brand)
        self.left = {
            (m.pk, ledger): 0 for m in self.people for ledger in ("points", "contribution")
        }
        self.number = 0

    def asked(self, who, ledger, amount, kind):
        self.number += 1
        return {
            "member": self.people[who].pk,
            "ledger": ledger,
            "kind": kind,
            "amount": amount,
            "source": "machine",
            "source_id": f"{self.people[0].pk}-{self.number}",
            "reason": "x",
        }

    @rule(
        moves=st.lists(
            st.tuples(st.integers(0, 1), ledgers, amounts, st.booleans()), min_size=1, max_size=6
        )
    )
    def bring(self, moves):
        rows = []
        for who, ledger, amount, by_hand in moves:
            kind = "adjust" if by_hand else "earn" if amount > 0 else "spend"
            rows.append(self.asked(who, ledger, amount, kind))
        for found, asked in zip(
            services.post_batch(rows=rows, actor=Ledgers.actor, now=self.now), rows, strict=True
        ):
            account = (asked["member"], asked["ledger"])
            never = asked["ledger"] == "contribution" and asked["kind"] == "spend"
            fits = self.left[account] + asked["amount"] >= 0 and not never
            assert (found.outcome == "created") == fits
            if fits:
                self.left[account] += asked["amount"]

    @rule(who=st.integers(0, 1), days=st.integers(1, 3), amount=st.integers(1, 50))
    def earn_for_a_while(self, who, days, amount):
        ends = self.now + timedelta(days=days)
        post(self.people[who], amount, now=self.now, expires_at=ends)
        self.left[self.people[who].pk, "points"] += amount

    @rule(days=st.integers(1, 2))
    def wait(self, days):
        """What runs out is for test_expiring; here the sums have to stand."""
        self.now += timedelta(days=days)
        while services.expire_due(brand_id=Ledgers.brand.pk, now=self.now, limit=2):
            pass
        for member in self.people:
            left = balance(member)
            assert 0 <= left <= self.left[member.pk, "points"]
            self.left[member.pk, "points"] = left

    @rule(data=st.data())
    def reverse(self, data):
        rows = PointsEntry.objects.filter(member__in=self.people).order_by("pk")
        if entries := list(rows):
            entry = data.draw(st.sampled_from(entries))
            try:
                made = services.reverse(
                    entry=entry,
                    amount=data.draw(st.none() | st.integers(1, 60)),
                    reason="x",
                    actor=Ledgers.actor,
                    now=self.now,
                )
            except DomainError:
                return
            self.left[entry.member_id, entry.ledger] += made.amount

    @invariant()
    def balances_are_sums(self):
        if not hasattr(self, "people"):
            return
        for member in self.people:
            for ledger in ("points", "contribution"):
                rows = PointsEntry.objects.filter(member=member, ledger=ledger)
                told = sum(rows.values_list("amount", flat=True))
                assert told == balance(member, ledger) == self.left[member.pk, ledger] >= 0


def test_balances_are_sums_whatever_happens(inside_brand, actor):
    Ledgers.brand, Ledgers.actor = inside_brand, actor
    machine = Ledgers.TestCase
    machine.settings = settings(
        max_examples=25,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    machine("runTest").runTest()


def test_another_brands_entry_does_not_exist(inside_brand, actor):
    stranger = MemberFactory(brand=BrandFactory())
    assert batch(actor, row(stranger)) == [("refused", [("member", "member_unknown")])]


def test_what_waits_is_not_the_same_as_what_counts_at_once(member, actor):
    assert batch(actor, row(member, 40, pending=True)) == [("created", [])]
    assert batch(actor, row(member, 40)) == [("refused", [("source_id", "source_id_reused")])]
    assert batch(actor, row(member, 40, pending=True)) == [("unchanged", [])]
    assert batch(actor, row(member, 30, "2")) == [("created", [])]
    assert batch(actor, row(member, 30, "2", pending=True)) == [("unchanged", [])]
