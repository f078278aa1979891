import pytest

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.lifecycle import tasks

pytestmark = pytest.mark.django_db


def test_the_night_leaves_a_run(brand):
    assert tasks.move_nightly(brand.pk)
    with tenant(brand.pk):
        assert Run.objects.get().kind == "lifecycle"
    assert not tasks.move_nightly(brand.pk)


def test_beat_rings_for_every_brand(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["move-through-lifecycle"]
    assert entry["task"] == "core.kernel.tasks.for_each_brand"
    assert entry["args"] == [tasks.move_nightly.name]
