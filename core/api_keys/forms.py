from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.api_keys.rules import PERMISSION_WORDS
from core.kernel.access import Permission, Viewer
from core.kernel.periods import within_years


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("Which program uses it; the audit trail shows this name."),
    )
    permissions = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple
    )
    expires_on = forms.DateField(
        label=_("Ends on"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("At the end of this day. Empty: only when it is revoked."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer what the viewer may do."""
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = [  # type: ignore[attr-defined]
            (permission.value, words)
            for permission, words in PERMISSION_WORDS.items()
            if viewer.may(permission)
        ]

    def chosen(self) -> dict[str, Any]:
        """Return what the service takes."""
        day: dt.date | None = self.cleaned_data["expires_on"]
        end = None
        if day is not None:
            midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min)
            end = timezone.make_aware(midnight)
        return {
            "name": self.cleaned_data["name"],
            "permissions": [Permission(p) for p in self.cleaned_data["permissions"]],
            "expires_at": end,
        }
