from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from members.merging.selectors import Preview

MINE, THEIRS = "mine", "theirs"


class OtherForm(forms.Form):
    """Which member is the same person."""

    other = forms.CharField(
        label=_("The other member"),
        max_length=80,
        help_text=_("Phone, customer number or the member's number in the address."),
    )


class MergeForm(forms.Form):
    """Whose facts count where both know something different, and why the two are one."""

    reason = forms.CharField(label=_("Why they are one person"), max_length=200, required=False)

    def __init__(self, *args: Any, preview: Preview, **kwargs: Any) -> None:
        """Ask about every fact that differs; the member that stays is the usual answer."""
        super().__init__(*args, **kwargs)
        self.open = [fact for fact in preview.facts if fact.is_open]
        for fact in self.open:
            self.fields[fact.key] = forms.ChoiceField(
                label=fact.label,
                choices=[(MINE, fact.mine), (THEIRS, fact.theirs)],
                widget=forms.RadioSelect,
                initial=MINE,
            )

    def take(self) -> list[str]:
        """Return the facts that come from the member who goes."""
        return [fact.key for fact in self.open if self.cleaned_data[fact.key] == THEIRS]
