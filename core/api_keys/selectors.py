from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from core.api_keys.models import ApiKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer


def describe_api_keys(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names and addresses of keys for the audit trail."""
    rows = ApiKey.objects.visible_to(viewer).filter(pk__in=ids)
    place = reverse("core:api-keys-list")
    return {pk: (name, place) for pk, name in rows.values_list("pk", "name")}
