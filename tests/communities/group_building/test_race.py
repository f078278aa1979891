"""Two rules of one kind, applied at once: nobody gets two seats of that kind.

Each run stops between choosing its people and looking up who is inside, until the other is there
as well. The control takes the turn away, and everybody sits twice.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection
from django.utils import timezone

from communities.group_building import applying, services
from communities.memberships.models import Membership
from core.kernel.scoping import tenant
from core.runs.models import Run

from .conftest import work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rival_runs(brand, actor, people, make_rule, preview):
    """Two confirmed runs that want to seat all eight."""
    runs = [preview(make_rule(name=name, group_by=(name,))) for name in ("dealer", "city")]
    with tenant(brand.pk):
        for run in runs:
            services.confirm_run(run_id=run.pk, actor=actor, now=timezone.now())
    return runs


def apply_at_once(brand, monkeypatch, *, at):
    """Let two workers apply what is due; both reach ``at`` before either goes on."""
    meet, reached = threading.Barrier(2, timeout=1.0), getattr(applying._Step, at)

    def together(self, *args, **kwargs):
        result = reached(self, *args, **kwargs)
        # Broken when the other waits for our turn to end, as it should.
        with suppress(threading.BrokenBarrierError):
            meet.wait()
        return result

    monkeypatch.setattr(applying._Step, at, together)

    def one():
        try:
            return work(brand)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(one) for _ in range(2)]:
            done.result()
    with tenant(brand.pk):
        assert not Run.objects.exclude(state=Run.State.SUCCEEDED).exists()
        seats = Membership.objects.filter(left_at=None)
        return seats.count(), seats.values("member_id").distinct().count()


@pytest.mark.usefixtures("rival_runs")
def test_who_is_seated_by_one_rule_is_left_out_by_the_other(brand, monkeypatch):
    assert apply_at_once(brand, monkeypatch, at="_queue") == (8, 8)


@pytest.mark.usefixtures("rival_runs")
def test_without_taking_turns_everybody_sits_twice(brand, monkeypatch):
    monkeypatch.setattr(applying._Step, "_take_turns", lambda *_: None)
    assert apply_at_once(brand, monkeypatch, at="_queue") == (16, 8)
