"""Bells: how long they wait to be heard."""

from __future__ import annotations

import pytest
from celery.schedules import crontab
from django.conf import settings

from core.kernel import tasks
from tests.factories.core import BrandFactory

EVERYBODY = "core.kernel.tasks.for_each_brand"
RARE = [
    name
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
    if entry["task"] == EVERYBODY
    and (isinstance(entry["schedule"], crontab) or entry["schedule"] >= 3600)
]


@pytest.mark.parametrize("name", RARE)
def test_what_is_rung_now_and_then_waits_for_a_worker(name):
    entry = settings.CELERY_BEAT_SCHEDULE[name]
    assert entry["options"]["expires"] >= 3600 <= entry["kwargs"]["expires"]


@pytest.mark.django_db
def test_each_brand_is_rung_for_as_long_as_is_said(monkeypatch):
    brands = BrandFactory.create_batch(2)
    rung = []
    monkeypatch.setattr(
        tasks.current_app, "send_task", lambda task, **sent: rung.append((task, sent))
    )
    tasks.for_each_brand("a.b")
    tasks.for_each_brand("c.d", expires=3600)
    assert rung == [
        (task, {"args": [brand.pk], "expires": expires})
        for task, expires in (("a.b", 60), ("c.d", 3600))
        for brand in brands
    ]
