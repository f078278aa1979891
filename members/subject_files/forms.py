from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class SubjectFileForm(forms.Form):
    """Whether numbers are written out."""

    is_whole = forms.BooleanField(
        label=_("Write phone and VIN out"),
        required=False,
        help_text=_("For handing the file to the person. It is noted who did so."),
    )
