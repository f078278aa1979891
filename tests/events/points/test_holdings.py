from datetime import timedelta

import pytest
from django.utils import timezone

from events.points import services
from events.points.models import PointsBalance, PointsEntry
from members.merging import services as merging
from members.merging.services import CannotUndo
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(inside_brand):
    winner, loser = MemberFactory.create_batch(2, brand=inside_brand)
    post(winner, 30)
    post(loser, 100)
    post(loser, -20)
    post(loser, 7, ledger="contribution")
    return winner, loser


def merge(pair, actor):
    winner, loser = pair
    return merging.merge_members(
        winner_id=winner.pk, loser_id=loser.pk, actor=actor, now=timezone.now()
    )


def both(member):
    return balance(member), balance(member, "contribution")


def test_entries_move_with_their_balances(pair, actor):
    winner, loser = pair
    merge(pair, actor)
    assert both(winner) == (110, 7)
    assert not PointsBalance.objects.filter(member_id=loser.pk).exists()
    assert set(PointsEntry.objects.values_list("member_id", "of_merged")) == {
        (winner.pk, None),
        (winner.pk, loser.pk),
    }
    [held] = PointsBalance.objects.filter(member=winner, ledger="points")
    assert (held.earned, held.spent) == (130, 20)


def test_undoing_gives_them_back(pair, actor):
    winner, loser = pair
    made = merge(pair, actor)
    post(winner, -25)
    merging.undo_merge(merge=made, actor=actor, now=timezone.now())
    assert (both(winner), both(loser)) == ((5, 0), (80, 7))
    assert not PointsEntry.objects.exclude(of_merged=None).exists()


def test_undoing_is_refused_where_they_were_spent(pair, actor):
    winner, _loser = pair
    made = merge(pair, actor)
    post(winner, -31)
    with pytest.raises(CannotUndo):
        merging.undo_merge(merge=made, actor=actor, now=timezone.now())
    assert both(winner) == (79, 7)


def test_what_ran_out_meanwhile_goes_back_with_what_it_took(inside_brand, actor):
    winner, loser = MemberFactory.create_batch(2, brand=inside_brand)
    now = timezone.now()
    post(winner, 20)
    post(loser, 100, expires_at=now + timedelta(days=1))
    made = merge((winner, loser), actor)
    later = now + timedelta(days=2)
    services.expire_due(brand_id=inside_brand.pk, now=later)
    assert balance(winner) == 20
    merging.undo_merge(merge=made, actor=actor, now=later)
    assert (balance(winner), balance(loser)) == (20, 0)
    assert not PointsEntry.objects.exclude(of_merged=None).exists()


def test_what_was_reversed_meanwhile_stays_reversed(inside_brand, actor):
    winner, loser = MemberFactory.create_batch(2, brand=inside_brand)
    earned = post(loser, 100)
    made = merge((winner, loser), actor)
    earned.refresh_from_db()
    services.reverse(entry=earned, reason="误发", actor=actor, now=timezone.now())
    merging.undo_merge(merge=made, actor=actor, now=timezone.now())
    assert (balance(winner), balance(loser)) == (0, 0)
    earned.refresh_from_db()
    assert services.what_is_left(entry=earned) == 0
    assert set(PointsEntry.objects.values_list("member_id", flat=True)) == {loser.pk}
