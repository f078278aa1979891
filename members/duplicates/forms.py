from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members.duplicates.models import DuplicatePair


class PairFilterForm(forms.Form):
    """The filters of the list of pairs."""

    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("To be judged")), ("dismissed", _("Two people"))],
        required=False,
    )

    def chosen_state(self) -> str:
        """Return which pairs to show; an address somebody made up shows the usual ones."""
        state = self.cleaned_data.get("state") if self.is_valid() else ""
        return str(state or DuplicatePair.State.OPEN)
