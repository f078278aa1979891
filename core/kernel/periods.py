"""A period goes forward: its end before its start is a mistake, wherever it comes in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

CODE = "ends_before_start"
TEXT = _("The end must not come before the start.")


def goes_back(start: Any, end: Any) -> bool:
    """Whether both ends are known and the later one comes first."""
    return start is not None and end is not None and bool(end < start)


class PeriodForm(forms.Form):
    """A form with days ``since`` and ``until``, either of which may be left open."""

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it starts."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if goes_back(found.get("since"), found.get("until")):
            self.add_error("until", forms.ValidationError(TEXT, CODE))
        return found
