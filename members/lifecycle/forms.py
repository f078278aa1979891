from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.lifecycle.rules import LIMITS, Terms
from members.profiles.models import Stage

if TYPE_CHECKING:
    from members.lifecycle.selectors import InForce

HELP = {
    "introduction_days": _("From the first delivery on; then growth begins."),
    "mature_days": _("From the first delivery on; both conditions must be met."),
    "mature_orders": _("In all; 0 lets the days alone decide."),
    "dormant_days": _("Without a delivery, an order or an activity, from any stage."),
    "lost_days": _("More than until dormant."),
}


class PolicyForm(forms.Form):
    """The numbers of the rules. The service judges how they fit together."""

    introduction_days = forms.IntegerField(label=_("Days of introduction"))
    mature_days = forms.IntegerField(label=_("Days until mature"))
    mature_orders = forms.IntegerField(label=_("Orders until mature"))
    dormant_days = forms.IntegerField(label=_("Silent days until dormant"))
    lost_days = forms.IntegerField(label=_("Silent days until lost"))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Bound each number."""
        super().__init__(*args, **kwargs)
        for name, (low, high) in LIMITS.items():
            self.fields[name] = forms.IntegerField(
                label=self.fields[name].label,
                help_text=HELP[name],
                min_value=low,
                max_value=high,
            )

    @classmethod
    def of(cls, held: InForce, data: Any = None) -> PolicyForm:
        """Return the form over the rules in force."""
        return cls(data, initial=held.terms.as_dict() | {"version": held.version})

    @property
    def terms(self) -> Terms:
        """The numbers as typed, once the form is valid."""
        return Terms(**{name: self.cleaned_data[name] for name in LIMITS})


class StageForm(forms.Form):
    """Another stage for one member, and why."""

    to_stage = forms.ChoiceField(label=_("New stage"), choices=())
    note = forms.CharField(
        label=_("Reason for the change"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Stands in the history for everybody to read."),
    )

    def __init__(self, *args: Any, stage: str, **kwargs: Any) -> None:
        """Offer the stages that the member is not in."""
        super().__init__(*args, **kwargs)
        others = [(key, label) for key, label in Stage.choices if key != stage]
        self.fields["to_stage"].choices = [("", _("Choose a stage")), *others]  # type: ignore[attr-defined]
