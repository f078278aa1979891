import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from communities.broadcasts.models import Broadcast, Delivery
from core.kernel.scoping import tenant
from core.work import services as work
from core.work.services import Settlement
from tests.factories.communities import BroadcastFactory, DeliveryFactory

LEASE = timedelta(seconds=30)
NO_LEASE = timedelta(seconds=-1)
State = Delivery.State


@pytest.fixture(autouse=True)
def suspects_last(monkeypatch):
    monkeypatch.setattr(work, "_is_suspects_turn", lambda: False)


def claim(brand, limit=10, lease=LEASE):
    return work.claim(model=Delivery, brand_id=brand.pk, lease=lease, limit=limit)


def settle(brand, *settlements, was=State.CLAIMED):
    return work.settle(model=Delivery, brand_id=brand.pk, settlements=settlements, was=was)


def due(brand, count=1, **fields):
    broadcast = BroadcastFactory(brand=brand, state="sending", scheduled_at=timezone.now())
    return DeliveryFactory.create_batch(count, brand=brand, broadcast=broadcast, **fields)


def test_takes_what_is_due_oldest_first_and_no_more_than_asked(inside_brand):
    now = timezone.now()
    young, old, middle = (
        due(inside_brand, due_at=now - timedelta(minutes=age))[0] for age in (1, 3, 2)
    )
    assert {row.pk for row in claim(inside_brand, limit=2)} == {old.pk, middle.pk}
    assert [row.pk for row in claim(inside_brand, limit=2)] == [young.pk]


def test_leaves_what_is_not_due_yet(inside_brand):
    due(inside_brand, due_at=timezone.now() + timedelta(minutes=1))
    assert claim(inside_brand) == []


def test_leaves_what_a_person_holds(inside_brand):
    due(inside_brand, state=State.HELD)
    assert claim(inside_brand) == []


def test_a_batch_costs_one_statement_to_claim_and_one_to_settle(
    inside_brand, django_assert_num_queries
):
    due(inside_brand, 20)
    with django_assert_num_queries(1):
        rows = claim(inside_brand, limit=20)
    settlements = [Settlement(row.pk, row.fence, State.SENT) for row in rows]
    with django_assert_num_queries(1):
        assert settle(inside_brand, *settlements) == set()
    assert Delivery.objects.filter(state=State.SENT, settled_at__isnull=False).count() == 20


def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(inside_brand):
    due(inside_brand)
    [first] = claim(inside_brand)
    assert claim(inside_brand) == []
    Delivery.objects.update(claimable_at=timezone.now() - timedelta(seconds=1))
    [second] = claim(inside_brand)
    assert (first.fence, second.fence) == (1, 2)


def test_the_late_word_of_a_worker_that_was_overtaken_is_refused(inside_brand):
    due(inside_brand)
    [first] = claim(inside_brand, lease=NO_LEASE)
    [second] = claim(inside_brand)
    late = Settlement(first.pk, first.fence, State.FAILED, "late")
    assert settle(inside_brand, late) == {first.pk}
    assert settle(inside_brand, Settlement(second.pk, second.fence, State.SENT)) == set()
    row = Delivery.objects.get()
    assert (row.state, row.error) == (State.SENT, "")


def test_without_the_fence_the_late_word_would_count(inside_brand, monkeypatch):
    """The negative control of the test above: it is the fence that refuses."""
    due(inside_brand)
    [first] = claim(inside_brand, lease=NO_LEASE)
    claim(inside_brand)
    fenced = work._settle_sql

    def unfenced(*args):
        sql, params = fenced(*args)
        return sql.replace("AND row.fence = given.fence", ""), params

    monkeypatch.setattr(work, "_settle_sql", unfenced)
    assert settle(inside_brand, Settlement(first.pk, first.fence, State.FAILED)) == set()
    assert Delivery.objects.get().state == State.FAILED


def test_a_settled_row_is_not_settled_again(inside_brand):
    due(inside_brand)
    [row] = claim(inside_brand)
    settle(inside_brand, Settlement(row.pk, row.fence, State.SENT))
    again = Settlement(row.pk, row.fence, State.FAILED)
    assert settle(inside_brand, again) == {row.pk}
    assert Delivery.objects.get().state == State.SENT


def test_one_refused_row_does_not_hold_up_the_others_of_its_batch(inside_brand):
    due(inside_brand, 3)
    rows = claim(inside_brand)
    Delivery.objects.filter(pk=rows[1].pk).update(fence=7)
    refused = settle(inside_brand, *(Settlement(r.pk, r.fence, State.SENT) for r in rows))
    assert refused == {rows[1].pk}
    assert Delivery.objects.filter(state=State.SENT).count() == 2


def test_a_row_claimed_too_often_is_parked_and_the_rest_go_on(inside_brand):
    poison, healthy = due(inside_brand, 2)
    Delivery.objects.filter(pk=poison.pk).update(fence=work.MAX_CLAIMS)
    assert [row.pk for row in claim(inside_brand)] == [healthy.pk]
    poison.refresh_from_db()
    assert (poison.state, poison.error) == (State.UNKNOWN, work.INTERRUPTED)
    assert poison.settled_at is not None


def test_a_suspicious_row_is_claimed_alone_after_the_others(inside_brand):
    healthy, *suspects = due(inside_brand, 3)
    Delivery.objects.filter(pk__in=[row.pk for row in suspects]).update(
        state=State.CLAIMED,
        fence=work.SUSPICIOUS,
        claimable_at=timezone.now() - timedelta(seconds=1),
    )
    assert [row.pk for row in claim(inside_brand)] == [healthy.pk]
    assert [len(claim(inside_brand)) for _ in range(3)] == [1, 1, 0]


def test_now_and_then_a_suspicious_row_goes_first(inside_brand, monkeypatch):
    monkeypatch.setattr(work, "_is_suspects_turn", lambda: True)
    _, suspect = due(inside_brand, 2)
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=suspect.pk).update(
        state=State.CLAIMED, fence=work.SUSPICIOUS, claimable_at=past
    )
    assert [row.pk for row in claim(inside_brand)] == [suspect.pk]


def test_what_a_worker_left_behind_goes_before_what_waits(inside_brand):
    long_due, left_behind = due(inside_brand, 2, due_at=timezone.now() - timedelta(hours=1))
    Delivery.objects.filter(pk=left_behind.pk).update(
        state=State.CLAIMED, fence=1, claimable_at=timezone.now()
    )
    assert [row.pk for row in claim(inside_brand, limit=1)] == [left_behind.pk]
    assert [row.pk for row in claim(inside_brand, limit=1)] == [long_due.pk]


def test_settling_writes_the_further_fields_it_is_given(inside_brand):
    due(inside_brand)
    [row] = claim(inside_brand)
    values = {"message_seq": 7, "people_count": 3}
    settle(inside_brand, Settlement(row.pk, row.fence, State.SENT, values=values))
    row = Delivery.objects.get()
    assert (row.message_seq, row.people_count) == (7, 3)


def test_a_row_handed_back_is_open_again(inside_brand):
    due(inside_brand)
    [row] = claim(inside_brand)
    later = timezone.now() + timedelta(hours=1)
    values = {"claimable_at": later}
    settle(inside_brand, Settlement(row.pk, row.fence, State.DUE, values=values))
    row = Delivery.objects.get()
    assert (row.state, row.settled_at, row.claimable_at) == (State.DUE, None, later)


def test_an_unknown_row_is_settled_from_unknown_only(inside_brand):
    [row] = due(inside_brand, state=State.UNKNOWN)
    found = Settlement(row.pk, row.fence, State.SENT)
    assert settle(inside_brand, found) == {row.pk}
    assert settle(inside_brand, found, was=State.UNKNOWN) == set()


def test_a_long_error_is_cut_to_what_the_column_holds(inside_brand):
    due(inside_brand)
    [row] = claim(inside_brand)
    settle(inside_brand, Settlement(row.pk, row.fence, State.FAILED, "错" * 500))
    assert len(Delivery.objects.get().error) == 200


def test_another_brands_rows_are_not_taken(inside_brand):
    due(DeliveryFactory().brand)
    assert claim(inside_brand) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_a_queue_without_waiting_for_each_other(brand):
    with tenant(brand.pk):
        due(brand, 6)
    taken, meet = [], threading.Barrier(2, timeout=10)

    def worker():
        try:
            with tenant(brand.pk):
                rows = claim(brand, limit=3)
                meet.wait()  # Both hold their locks now; one that waited would break the barrier.
                taken.append({row.pk for row in rows})
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken[0] | taken[1]) == 6
    with tenant(brand.pk):
        assert Broadcast.objects.count() == 1
