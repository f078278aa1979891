from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.runs.models import Run
from core.runs.ports import kinds_in_words


class RunFilterForm(forms.Form):
    """The filters of the task list; every one is optional."""

    who = forms.ChoiceField(
        label=_("Started by"), required=False, choices=[("", _("Everybody")), ("me", _("Me"))]
    )
    state = forms.ChoiceField(label=_("State"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the states and the registered kinds."""
        super().__init__(*args, **kwargs)
        states = [("open", _("In progress")), *Run.State.choices]
        self.fields["state"].choices = [("", _("Any")), *states]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("Any")), *kinds_in_words()]  # type: ignore[attr-defined]
