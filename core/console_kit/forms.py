from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.kernel.badges import kind_badge

_KINDS = [(kind, kind_badge(kind).label) for kind in ("flash", "service", "conversion", "core")]
_SERVICE_CAP = 200


class SampleRuleForm(forms.Form):
    """One of every control; refuses a cap that is too large, to show what a refusal looks like."""

    name = forms.CharField(label=_("Rule name"), max_length=40)
    cap = forms.IntegerField(label=_("Room cap"), min_value=2)
    kind = forms.ChoiceField(
        label=_("Kind of community"),
        choices=_KINDS,
        help_text=_("Decides how often messages may be sent and who may join"),
    )
    starts_on = forms.DateField(
        label=_("Starts on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    logo = forms.FileField(label=_("Picture"), required=False)
    welcome = forms.CharField(
        label=_("Welcome message"), max_length=120, required=False, widget=forms.Textarea
    )
    repeat = forms.ChoiceField(
        label=_("When"),
        choices=[("once", _("Run once")), ("daily", _("Every day"))],
        widget=forms.RadioSelect,
    )
    skip_members = forms.BooleanField(label=_("Skip people already in a group"), required=False)
    opens_rooms = forms.BooleanField(
        label=_("Open a new room when full"),
        required=False,
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
    )

    def clean_cap(self) -> int:
        """Refuse more than the policy allows."""
        cap: int = self.cleaned_data["cap"]
        if cap > _SERVICE_CAP:
            raise ValidationError(
                _("A service group holds at most %(cap)d people; enter 2–%(cap)d.")
                % {"cap": _SERVICE_CAP}
            )
        return cap

    def clean(self) -> dict[str, Any]:
        """Keep what was typed; nothing is stored here."""
        return super().clean() or {}


class SampleFilterForm(forms.Form):
    """The filters of the sample list."""

    city = forms.ChoiceField(
        label=_("City"),
        choices=[("", _("Any"))] + [(c, c) for c in ("杭州", "苏州", "上海", "南京")],
        required=False,
    )
    kind = forms.MultipleChoiceField(
        label=_("Kind"), choices=_KINDS, required=False, widget=forms.CheckboxSelectMultiple
    )
    min_orders = forms.IntegerField(label=_("Orders, at least"), min_value=0, required=False)
