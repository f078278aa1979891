from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members.revealing.models import Reveal, RevealLimit
from members.revealing.services import LONGEST_NOTE


class RevealForm(forms.Form):
    """Why somebody needs the whole value."""

    reason = forms.ChoiceField(
        label=_("Reason"), choices=[("", _("Choose a reason")), *Reveal.Reason.choices]
    )
    note = forms.CharField(
        label=_("What for"),
        max_length=LONGEST_NOTE,
        help_text=_("In a few words, such as “asked for a call about the repair”."),
    )


class LimitForm(forms.Form):
    """How many values a person may reveal a day."""

    per_day = forms.IntegerField(
        label=_("Reveals per person and day"),
        min_value=0,
        max_value=RevealLimit.MOST,
        help_text=_("0 lets nobody reveal anything."),
    )
