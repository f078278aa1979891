from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from members.snapshots.models import Snapshot


class CompareForm(forms.Form):
    """Which two snapshots of a segment to lay side by side."""

    later = forms.TypedChoiceField(label=_("Snapshot"), coerce=int)
    earlier = forms.TypedChoiceField(label=_("against"), coerce=int)

    def __init__(self, *args: Any, snapshots: Iterable[Snapshot], **kwargs: Any) -> None:
        """Offer the snapshots there are."""
        super().__init__(*args, **kwargs)
        choices = [(row.pk, _("No. %(number)s") % {"number": row.number}) for row in snapshots]
        for name in ("later", "earlier"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
