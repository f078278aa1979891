from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members.erasure.models import Erasure
from members.erasure.rules import MOST_GRACE_DAYS

REASONS = [
    (reason.value, reason.label) for reason in Erasure.Reason if reason != Erasure.Reason.RESTORED
]


class EraseForm(forms.Form):
    """Why somebody is deleted, and their name, typed. The service judges the name."""

    reason = forms.ChoiceField(label=_("Reason"), choices=REASONS)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        help_text=_("A ticket number, say. It is deleted with the member."),
    )
    name = forms.CharField(label=_("The member's name, to confirm"), max_length=80)


class GraceForm(forms.Form):
    """How long deletions wait."""

    grace_days = forms.IntegerField(
        label=_("Days to wait before a deletion begins"),
        min_value=0,
        max_value=MOST_GRACE_DAYS,
        help_text=_("0 to 7. While it waits, a deletion can be taken back."),
    )


class ErasureFilterForm(forms.Form):
    """The filters of the list of deletions."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any")), *Erasure.State.choices]
    )
