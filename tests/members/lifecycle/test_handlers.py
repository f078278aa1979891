"""The run over everybody: what it counts, that it can be interrupted, whose rules it follows."""

from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from core.runs.ports import RunView
from members.lifecycle import handlers, services
from members.lifecycle.handlers import LifecycleRun
from members.lifecycle.models import StageChange
from members.profiles.models import Member
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def silent(brand, days, stage="growth"):
    return MemberFactory(brand=brand, stage=stage, created_at=NOW - timedelta(days=days))


@pytest.fixture
def people(brand):
    return [
        *(silent(brand, 100) for _ in range(3)),
        *(silent(brand, 200) for _ in range(2)),
        silent(brand, 2, stage="dormant"),
        silent(brand, 2),
    ]


def start(brand, actor):
    with tenant(brand.pk):
        return services.move_everybody(actor=actor, now=NOW)


def work(brand, started):
    runs.work_due(brand_id=brand.pk, clock=lambda: NOW, budget=timedelta(minutes=1))
    with tenant(brand.pk):
        return Run.objects.get(pk=started.pk)


@pytest.mark.parametrize("stretch", [2, 50_000])
def test_everybody_is_looked_at_once(stretch, brand, actor, people, monkeypatch):
    monkeypatch.setattr(handlers, "STRETCH", stretch)
    stranger = silent(BrandFactory(), 100)
    run = work(brand, start(brand, actor))
    assert (run.state, run.done, run.total) == ("succeeded", 7, 7)
    assert run.result["counts"] == {"advanced": 0, "back": 1, "dormant": 3, "lost": 2}
    with tenant(brand.pk):
        assert StageChange.objects.count() == 6
    with tenant(stranger.brand_id):
        assert Member.objects.get().stage == "growth"
    again = work(brand, start(brand, actor))
    assert sum(again.result["counts"].values()) == 0


def test_a_step_done_again_repeats_nothing(brand, actor, people):
    """As after a killed worker, whose step was rolled back, and one whose answer was lost."""
    started = start(brand, actor)
    view = RunView(started.pk, brand.pk, started.params, {}, 0, 7)
    with tenant(brand.pk):
        for _again in range(2):
            step = LifecycleRun().step(run=view, actor=actor, now=NOW)
            assert (step.done, step.finished) == (7, False)
        assert StageChange.objects.count() == 6


def test_the_rules_are_those_of_the_start(brand, actor, people):
    started = start(brand, actor)
    with tenant(brand.pk):
        services.save_policy(changes={"dormant_days": 1}, actor=actor, now=NOW)
    run = work(brand, started)
    assert run.result["counts"]["dormant"] == 3
    with tenant(brand.pk):
        assert set(StageChange.objects.values_list("policy_version", flat=True)) == {0}


def test_a_brand_without_members_is_soon_done(brand, actor):
    run = work(brand, start(brand, actor))
    assert (run.state, run.done) == ("succeeded", 0)
