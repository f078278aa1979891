import pytest

from config.celery import app
from core.kernel.tasks import for_each_brand
from core.runs.tasks import work_runs

pytestmark = pytest.mark.django_db


def test_working_without_work_does_nothing(brand):
    assert work_runs(brand.pk) == 0


def test_beat_rings_every_brand_within_seconds(brand, settings, monkeypatch):
    entry = settings.CELERY_BEAT_SCHEDULE["work-runs"]
    assert entry["schedule"] <= 5
    rung = []
    monkeypatch.setattr(app, "send_task", lambda task, **more: rung.append((task, more["args"])))
    for_each_brand(*entry["args"])
    assert ("core.runs.tasks.work_runs", [brand.pk]) in rung
