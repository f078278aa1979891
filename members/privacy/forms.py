from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from core.kernel.periods import within_years
from members.privacy.models import Purpose
from members.privacy.services import LONGEST_BODY, LONGEST_EVIDENCE


class EvidenceForm(forms.Form):
    """By what a consent, or its withdrawal, is shown."""

    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=LONGEST_EVIDENCE,
        help_text=_("Where it is kept, such as “signed form of 3 May” or “call no. 4711”."),
    )


class TextForm(forms.Form):
    """The next version of a consent text."""

    purpose = forms.ChoiceField(
        label=_("Purpose"), choices=[("", _("Choose a purpose")), *Purpose.choices]
    )
    version = forms.CharField(label=_("Version"), max_length=16, help_text=_("Such as 2026-11."))
    body = forms.CharField(
        label=_("Text"), max_length=LONGEST_BODY, widget=forms.Textarea(attrs={"rows": 8})
    )
    effective_from = forms.DateTimeField(
        label=_("In force from"),
        validators=[within_years],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    needs_renewal = forms.BooleanField(
        label=_("Earlier consents are to be renewed"), required=False
    )
