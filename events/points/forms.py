from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.points import rules
from events.points.models import Kind, Ledger, State


class EntryFilterForm(forms.Form):
    """What the list of entries can be narrowed by; every field optional."""

    ledger = forms.ChoiceField(label=_("Ledger"), choices=[("", _("Both")), *Ledger.choices])
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any kind")), *Kind.choices])
    state = forms.ChoiceField(label=_("State"), choices=[("", _("Any state")), *State.choices])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make everything optional."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


class AdjustForm(forms.Form):
    """A correction by hand. ``token`` makes a form that is sent twice count once."""

    ledger = forms.ChoiceField(label=_("Ledger"), choices=Ledger.choices, widget=forms.RadioSelect)
    amount = forms.IntegerField(
        label=pgettext_lazy("points", "Amount"),
        min_value=-rules.MOST_AMOUNT,
        max_value=rules.MOST_AMOUNT,
        help_text=_("Such as 50, or -50 to take away."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=rules.LONGEST_REASON,
        help_text=_("The member may read it in a file about themselves."),
    )
    token = forms.UUIDField(widget=forms.HiddenInput)


class ReverseForm(forms.Form):
    """Why an entry is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=rules.LONGEST_REASON)
