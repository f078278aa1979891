from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from core.api_keys.models import ApiKey
from core.kernel.access import Permission, Viewer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime


def viewer_of(key: ApiKey) -> Viewer:
    """Return what a program with this key may see and do."""
    known = {permission.value for permission in Permission}
    return Viewer(
        brand_id=key.brand_id,
        label=key.name,
        api_key_id=key.pk,
        permissions=frozenset(Permission(p) for p in key.permissions if p in known),
    )


def viewer_of_key(*, key_id: int, brand_id: int, now: datetime) -> Viewer | None:
    """Return what a program may see and do now, or None for a key expired or revoked."""
    key = ApiKey.objects.filter(pk=key_id, brand_id=brand_id, revoked_at=None).first()
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        return None
    return viewer_of(key)


def person_of(viewer: Viewer) -> int | None:
    """Return who answers for what a viewer does: of an API key, the person who made it."""
    if viewer.staff_id is None and viewer.api_key_id is not None:
        makers = ApiKey.objects.filter(pk=viewer.api_key_id, brand_id=viewer.brand_id)
        return makers.values_list("created_by_id", flat=True).first()
    return viewer.staff_id


def describe_api_keys(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names and addresses of keys for the audit trail."""
    rows = ApiKey.objects.visible_to(viewer).filter(pk__in=ids)
    place = reverse("core:api-keys-list")
    return {pk: (name, place) for pk, name in rows.values_list("pk", "name")}
