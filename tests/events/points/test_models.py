"""What the database itself refuses, whoever asks."""

from functools import partial

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from events.points.models import PointsBalance, PointsEntry
from members.erasure.models import Erasure
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db
ENTRY = """
    INSERT INTO events_pointsentry (brand_id, member_id, ledger, kind, side, amount, state,
        settled_at, source, source_id, reason, occurred_at, created_at, created_by_label)
    VALUES (%(brand)s, %(member)s, '{ledger}', '{kind}', '{side}', {amount}, 'confirmed', now(),
        'sql', '1', '', now(), now(), '')
"""


@pytest.fixture
def member(inside_brand):
    return MemberFactory(brand=inside_brand)


def run(sql, member):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, {"brand": member.brand_id, "member": member.pk})


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events_pointsentry SET amount = 500 WHERE member_id = %(member)s",
        "UPDATE events_pointsentry SET reason = 'x' WHERE member_id = %(member)s",
        "UPDATE events_pointsentry SET state = 'pending', settled_at = NULL"
        " WHERE member_id = %(member)s",
        "UPDATE events_pointsentry SET state = 'cancelled' WHERE member_id = %(member)s",
        "UPDATE events_pointsentry SET settled_at = settled_at + interval '1 s'"
        " WHERE member_id = %(member)s",
        "DELETE FROM events_pointsentry WHERE member_id = %(member)s",
        "UPDATE events_pointsbalance SET balance = 500 WHERE member_id = %(member)s",
        "DELETE FROM events_pointsbalance WHERE member_id = %(member)s",
    ],
)
def test_nothing_that_was_said_is_changed_or_taken_out(sql, member):
    post(member, 100)
    with pytest.raises(DatabaseError, match=r"append-only|kept by their entries"):
        run(sql, member)


@pytest.mark.parametrize(
    ("kept", "may"),
    [
        ("推荐人：…，50%_老友", True),
        ("…", True),
        ("推荐人：…，50%_老友啊", False),
        ("推荐人：某人，50%_老友", False),
        ("推荐人：…，5__…", False),
        ("", False),
    ],
)
def test_a_deletion_takes_texts_out_of_a_reason_and_puts_none_in(member, kept, may):
    entry = post(member, 100, reason="推荐人：欧阳若兰，50%_老友")
    now = timezone.now()
    gone = Erasure.objects.create(
        brand=member.brand,
        member_id=1,
        mark=b"m",
        reason="asked",
        state="running",
        requested_at=now,
        due_at=now,
        rows_gone_at=now,
    )
    forget = partial(PointsEntry.objects.filter(pk=entry.pk).update, reason=kept)
    if may:
        forget()
        assert balance(member) == 100
    else:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            forget()
    # Nor with anything beside it, nor while nobody is being deleted.
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PointsEntry.objects.filter(pk=entry.pk).update(reason="…", amount=5)
    Erasure.objects.filter(pk=gone.pk).update(state="withdrawn", finished_at=now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PointsEntry.objects.filter(pk=entry.pk).update(reason="推荐人：…")


def test_an_entry_goes_to_nobody_else(member):
    other, entry = MemberFactory(brand=member.brand), post(member, 100)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PointsEntry.objects.filter(pk=entry.pk).update(member=other)


def test_a_balance_is_opened_at_nothing(member):
    with pytest.raises(DatabaseError, match="kept by their entries"), transaction.atomic():
        PointsBalance.objects.create(brand=member.brand, member=member, ledger="points", balance=5)


@pytest.mark.parametrize(
    "entry",
    [
        {"ledger": "points", "kind": "spend", "side": "spent", "amount": -101},
        {"ledger": "points", "kind": "adjust", "side": "other", "amount": -101},
        {"ledger": "contribution", "kind": "adjust", "side": "other", "amount": -1},
        {"ledger": "contribution", "kind": "spend", "side": "spent", "amount": -1},
        {"ledger": "points", "kind": "earn", "side": "earned", "amount": 0},
        {"ledger": "points", "kind": "earn", "side": "earned", "amount": -1},
        {"ledger": "points", "kind": "spend", "side": "earned", "amount": -1},
        {"ledger": "points", "kind": "earn", "side": "earned", "amount": 10**9 + 1},
    ],
)
def test_what_cannot_be_is_refused(entry, member):
    post(member, 100)
    with pytest.raises(IntegrityError):
        run(ENTRY.format(**entry), member)


def test_balances_follow_whatever_writes_entries(member):
    post(member, 100)
    run(ENTRY.format(ledger="points", kind="spend", side="spent", amount=-40), member)
    [held] = PointsBalance.objects.filter(member=member, ledger="points")
    assert (held.balance, held.earned, held.spent) == (60, 100, 40)
