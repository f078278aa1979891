from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import InvalidInput
from members.segments import rules


class TreeField(forms.CharField):
    """Conditions as JSON text; what they mean is for the service to judge."""

    def __init__(self, **kwargs: Any) -> None:
        """Draw the text that the builder hides behind its controls."""
        super().__init__(label=_("Conditions"), widget=forms.Textarea, max_length=60_000, **kwargs)

    def to_python(self, value: Any) -> Any:
        """Return the parsed JSON.

        Raises:
            ValidationError: it is not JSON.
        """
        text = super().to_python(value)
        try:
            return rules.read(text) if text else None
        except InvalidInput as refusal:
            raise ValidationError(str(refusal)) from refusal


class SegmentForm(forms.Form):
    """Name, description and conditions of a segment."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(
        label=_("Description"),
        max_length=300,
        required=False,
        help_text=_("What it is for, in a sentence."),
    )
    tree = TreeField()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SegmentFilterForm(forms.Form):
    """The filters of the list of segments."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("In use")), ("archived", _("Archived"))],
    )
