from __future__ import annotations

from typing import TYPE_CHECKING

from core.files.models import StoredFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer


def describe_files(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names of files for the audit trail; without an address: looking is not fetching."""
    rows = StoredFile.objects.visible_to(viewer).filter(pk__in=ids)
    return {pk: (name, "") for pk, name in rows.values_list("pk", "name")}
