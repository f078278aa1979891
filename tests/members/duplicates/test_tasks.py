import pytest

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.duplicates import tasks

pytestmark = pytest.mark.django_db


def test_the_night_leaves_a_search_unless_one_is_under_way(brand):
    assert tasks.find_nightly(brand.pk)
    with tenant(brand.pk):
        assert Run.objects.get().kind == "find_duplicates"
    assert not tasks.find_nightly(brand.pk)


def test_beat_rings_for_every_brand(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["find-duplicate-members"]
    assert entry["task"] == "core.kernel.tasks.for_each_brand"
    assert entry["args"] == [tasks.find_nightly.name]
