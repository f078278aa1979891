"""Two merges that share a member at once, and an order that comes in meanwhile: nothing is lost.

The control takes the locks away, and one merge trips over the other.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.errors import NotFound, StaleVersion
from core.kernel.scoping import tenant
from members.merging import services
from members.merging.models import MemberMerge
from members.orders.models import Order
from members.profiles.models import Member, MergedMember
from members.tags import services as tags
from members.tags.models import MemberTag
from tests.factories.members import MemberFactory, OrderFactory, TagFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 10


def together(*acts):
    """Run acts in threads that begin at once; return what each came to."""
    start = threading.Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            return act()
        except (NotFound, StaleVersion, IntegrityError) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def merging(brand, winner, loser):
    def act():
        with tenant(brand.pk):
            services.merge_members(
                winner_id=winner.pk,
                loser_id=loser.pk,
                actor=system_viewer(brand.pk),
                now=timezone.now(),
            )
        return "merged"

    return act


def test_two_merges_of_one_member_leave_every_row_with_somebody(brand):
    for round_ in range(ROUNDS):
        first, shared, last = MemberFactory.create_batch(3, brand=brand)
        orders = [OrderFactory(brand=brand, member=m).pk for m in (first, shared, last)]
        # In turns: the shared one goes to both, or goes to one and takes the other.
        target = (first, shared) if round_ % 2 else (shared, first)
        answers = together(merging(brand, *target), merging(brand, last, shared))
        assert "merged" in answers
        assert set(answers) <= {"merged", "NotFound"}
        with tenant(brand.pk):
            left = set(
                Member.objects.filter(pk__in=[first.pk, shared.pk, last.pk]).values_list(
                    "pk", flat=True
                )
            )
            held = set(Order.objects.filter(pk__in=orders).values_list("member_id", flat=True))
            assert held <= left
            assert len(left) == 3 - answers.count("merged")
            stand = MemberMerge.objects.filter(undone_at=None).count()
            assert stand == MergedMember.objects.count()
            merged = MergedMember.objects.filter(pk__in=[first.pk, shared.pk, last.pk])
            assert {each.winner_id for each in merged} <= left


def test_what_comes_in_during_a_merge_is_with_the_winner_or_refused(brand):
    for _ in range(ROUNDS):
        winner, loser = MemberFactory.create_batch(2, brand=brand)

        def order(loser=loser):
            OrderFactory(brand=brand, member=loser)
            return "ordered"

        answers = together(merging(brand, winner, loser), order)
        assert answers[0] == "merged"
        with tenant(brand.pk):
            held = Order.objects.filter(member_id=winner.pk).count()
            assert held == answers.count("ordered")
            assert not Order.objects.filter(member_id=loser.pk).exists()


def test_a_tag_that_is_given_meanwhile_is_counted_and_nobody_waits_in_a_circle(brand):
    """A circle of waiting would end in an OperationalError, which nothing here catches."""
    actor, tag = system_viewer(brand.pk), TagFactory(brand=brand, member_count=0)

    def giving(*members):
        def act():
            with tenant(brand.pk):
                ids = [member.pk for member in members]
                tags.tag_members(tag=tag, member_ids=ids, actor=actor, now=timezone.now())
            return "given"

        return act

    for round_ in range(ROUNDS):
        winner, loser = MemberFactory.create_batch(2, brand=brand)
        if round_ % 2:
            giving(loser)()
        answers = together(merging(brand, winner, loser), giving(winner, loser))
        assert set(answers) <= {"merged", "given", "StaleVersion", "IntegrityError"}
        with tenant(brand.pk):
            tag.refresh_from_db()
            assert tag.member_count == MemberTag.objects.filter(tag=tag).count()


def test_without_locks_one_merge_trips_over_the_other(brand, monkeypatch):
    """The control: both see the same member, and the second finds its row gone half-way."""
    both_read = threading.Barrier(2)

    def unlocked(winner_id, loser_id, actor):
        held = Member.objects.visible_to(actor).in_bulk([winner_id, loser_id])
        both_read.wait()
        return held[winner_id], held[loser_id]

    monkeypatch.setattr(services, "_held_both", unlocked)
    first, shared, last = MemberFactory.create_batch(3, brand=brand)
    answers = together(merging(brand, first, shared), merging(brand, last, shared))
    assert sorted(answers) == ["IntegrityError", "merged"]
