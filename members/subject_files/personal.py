"""What these files keep about a member: all of it, so they go with the member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.files import services as files
from core.files.models import StoredFile
from members.erasure.ports import Holding
from members.subject_files.models import SubjectFile

if TYPE_CHECKING:
    from members.erasure.ports import Erasing


def _erase(erasing: Erasing) -> None:
    rows = SubjectFile.objects.filter(brand_id=erasing.brand_id, member__in=erasing.ids)
    numbers = [number for number in rows.values_list("file_id", flat=True) if number]
    for stored in StoredFile.objects.filter(brand_id=erasing.brand_id, pk__in=numbers):
        files.empty_file(stored=stored, name=stored.name, now=erasing.now)
    rows.delete()


HOLDINGS = (
    Holding(
        model=SubjectFile,
        label=_("Files about the person"),
        erase=_erase,
        fields={"created_at": _("Time"), "requested_by_label": _("By")},
    ),
)
