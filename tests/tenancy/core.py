"""Entries of config and core."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from core.files.models import StoredFile
from core.kernel.scoping import tenant
from tests.tenancy.samples import listing, public, row


def stored_file(scope):
    """A result that a person made; the file itself need not exist to be refused."""
    with tenant(scope.brand.pk):
        file = StoredFile.objects.create(
            brand=scope.brand,
            purpose=StoredFile.Purpose.RESULT,
            name=f"{scope.canary}.csv",
            path=f"{scope.canary}-{scope.dealer.pk}",
            size_bytes=1,
            sha256="0" * 64,
            created_by_id=scope.staff.pk,
            created_at=timezone.now(),
        )
    settings.FILES_DIR.mkdir(parents=True, exist_ok=True)
    return {"file_id": file.pk}


ROUTES = {
    "healthz": public(),
    "set_language": public(),
    "api:schema": public(),
    "api:docs": public(),
    "api:core:cities-list": listing(),
    "api:core:cities-detail": public(),  # shared by all brands
    "api:core:regions-list": listing(dealers=False),
    "api:core:regions-detail": row(lambda scope: {"pk": scope.region.pk}, dealers=False),
    "api:core:dealers-list": listing(),
    "api:core:dealers-detail": row(lambda scope: {"pk": scope.dealer.pk}),
    "api:core:stores-list": listing(),
    "api:core:stores-detail": row(lambda scope: {"pk": scope.store.pk}),
    "core:files-download": row(stored_file),
}
