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
