"""What the lifecycle keeps about a member."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.services import notes_of
from members.lifecycle.models import StageChange, StagePolicy

HOLDINGS = (
    Holding(
        model=StageChange,
        label=_("Changes of stage"),
        fields={
            "at": _("Time"),
            "from_stage": _("From stage"),
            "to_stage": _("To stage"),
            "reason": _("Reason"),
            "note": _("Note"),
            "author_label": _("By"),
        },
    ),
)
SEARCHES = (notes_of(model=StageChange, columns=("note",)),)
IMPERSONAL = {StagePolicy: "Rules of the brand: days and numbers."}
