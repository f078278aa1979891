from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from events.calendar import rules as calendar


class RegisterForm(forms.Form):
    """Somebody to register by hand, found by what staff have at hand."""

    member = forms.IntegerField(
        label=_("Member"),
        min_value=1,
        max_value=2**63 - 1,
        error_messages={"required": _("Find the member and choose one.")},
    )
    guests = forms.IntegerField(
        label=_("Guests"), min_value=0, max_value=calendar.MAX_GUESTS, required=False
    )
    is_here = forms.BooleanField(label=_("They are here: check in at once"), required=False)
