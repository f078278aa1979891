"""What revealing keeps about a member: who looked behind a mask of theirs, and why."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.services import notes_of
from members.revealing.models import Reveal, RevealLimit, RevealTally

HOLDINGS = (
    Holding(
        model=Reveal,
        label=_("Reveals"),
        fields={
            "at": _("Time"),
            "field": _("What"),
            "reason": _("Reason"),
            "note": _("Note"),
            "actor_label": _("By"),
        },
    ),
)
SEARCHES = (notes_of(model=Reveal, columns=("note",)),)
IMPERSONAL = {
    RevealTally: "How many values a person of the staff or a program saw on a day.",
    RevealLimit: "A number a day.",
}
