from datetime import timedelta

import pytest
from django.utils import timezone

from core.files import services
from core.files.models import StoredFile
from core.files.tasks import delete_expired_files
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db(transaction=True)


def test_expired_files_go_at_night(brand, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    services.store_upload(
        brand_id=brand.pk,
        name="list.csv",
        chunks=[b"x"],
        limit_bytes=10,
        actor=system_viewer(brand.pk),
        now=timezone.now() - services.LIFETIME - timedelta(days=1),
    )
    assert delete_expired_files(brand.pk) == 1
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_bytes_without_a_row_outlast_nobodys_deletion_by_a_day(settings):
    every = settings.CELERY_BEAT_SCHEDULE["delete-expired-files"]["schedule"]
    hours = sorted(every.hour)
    waits = [b - a for a, b in zip(hours, [*hours[1:], hours[0] + 24], strict=True)]
    assert services.ORPHAN_AGE + timedelta(hours=max(waits)) < timedelta(days=1)


def test_of_a_result_the_bytes_go_and_its_row_says_so_for_a_year(brand, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    long_ago = timezone.now() - services.LIFETIME - timedelta(days=1)
    with (
        tenant(brand.pk),
        services.result_writer(
            brand_id=brand.pk, name="list.csv", actor=system_viewer(brand.pk), now=long_ago
        ) as result,
    ):
        result.text.write("x")
    assert delete_expired_files(brand.pk) == 1
    assert delete_expired_files(brand.pk) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with tenant(brand.pk):
        stored = StoredFile.objects.get()
        assert stored.deleted_at is not None
        with pytest.raises(services.FileGone):
            services.open_file(stored=stored, now=timezone.now())
        StoredFile.objects.update(expires_at=timezone.now() - services.REMEMBERED)
    delete_expired_files(brand.pk)
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()
