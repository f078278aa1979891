"""A refusal tells of two members while they are merged: no pair of somebody who is gone.

The control does not hold the members, and the database itself has to refuse the pair.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.duplicates import finding, services
from members.duplicates.models import DuplicatePair
from members.merging.services import merge_members
from members.profiles.ports import MixUp
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)
HELD = "FOR KEY SHARE OF older, newer"


@pytest.fixture
def two(brand):
    return MemberFactory.create_batch(2, brand=brand)


def someone_waits():
    with connection.cursor() as cursor:
        # Not the view of activity, which a transaction reads once.
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def told_during_merge(brand, two):
    """Merge, and before that is committed tell of the same two; return the telling."""
    winner, loser = two

    def tell():
        try:
            with tenant(brand.pk):
                told = [MixUp("phone", winner.pk, loser.pk)]
                services.keep_told(mix_ups=told, brand_id=brand.pk, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant(brand.pk):
            merge_members(
                winner_id=winner.pk,
                loser_id=loser.pk,
                actor=system_viewer(brand.pk),
                now=timezone.now(),
            )
            telling = pool.submit(tell)
            until = time.monotonic() + 10
            while not someone_waits() and time.monotonic() < until:
                time.sleep(0.02)
            assert someone_waits()
        telling.exception()
    return telling


def test_who_is_merged_away_meanwhile_is_passed_over(brand, two):
    told_during_merge(brand, two).result()
    with tenant(brand.pk):
        assert not DuplicatePair.objects.exists()
    call_command("check_invariants", database="default")


def test_without_holding_the_members_only_the_database_refuses(brand, two, monkeypatch):
    """The control."""
    monkeypatch.setattr(finding, "TELL", finding.TELL.replace(HELD, ""))
    with pytest.raises(IntegrityError):
        told_during_merge(brand, two).result()
