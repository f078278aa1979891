from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from communities.policies import rules
from communities.policies.models import Entry, Lifespan, Window

if TYPE_CHECKING:
    from communities.policies.models import CommunityPolicy


class PolicyForm(forms.Form):
    """The terms of one kind. The service judges how they fit together."""

    room_cap = forms.IntegerField(
        label=_("Members per room"), min_value=rules.MIN_CAP, max_value=rules.MAX_CAP
    )
    alert_percent = forms.IntegerField(
        label=_("Soft alert at"), min_value=1, max_value=100, help_text=_("Per cent of the seats.")
    )
    name_template = forms.CharField(
        label=_("Name template"),
        max_length=rules.TEMPLATE_LENGTH,
        help_text=format_lazy(
            "{known}{names}",
            known=_("Known: "),
            names=" ".join(f"{{{name}}}" for name in rules.PLACEHOLDERS),
        ),
    )
    marketing_limit = forms.IntegerField(
        label=_("Marketing messages"), min_value=0, max_value=rules.MAX_LIMIT
    )
    marketing_window = forms.ChoiceField(
        label=_("per"), choices=Window.choices, widget=forms.RadioSelect
    )
    marketing_gap_minutes = forms.IntegerField(
        label=_("Minutes between two messages"), min_value=0, max_value=rules.MINUTES_A_DAY
    )
    quiet_until = forms.TimeField(
        label=_("Send from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_from = forms.TimeField(
        label=_("Send until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Both empty: at any hour."),
    )
    entry = forms.ChoiceField(
        label=_("Who may enter"), choices=Entry.choices, widget=forms.RadioSelect
    )
    entry_orders = forms.IntegerField(
        label=_("Orders at least"), min_value=1, max_value=rules.MAX_ENTRY_ORDERS
    )
    entry_days = forms.IntegerField(
        label=_("within days"),
        min_value=1,
        max_value=rules.MAX_ENTRY_DAYS,
        help_text=_("Count where entry is by orders. An operator may promote others by hand."),
    )
    lifespan = forms.ChoiceField(
        label=_("Lifespan"), choices=Lifespan.choices, widget=forms.RadioSelect
    )
    closing_hours = forms.IntegerField(
        label=_("Closes so many hours after its end"),
        min_value=0,
        max_value=rules.MAX_CLOSING_HOURS,
        help_text=_("From then on it takes no members and no broadcasts."),
    )
    staff_least = forms.IntegerField(
        label=_("Staff at least"), min_value=0, max_value=rules.MAX_STAFF
    )
    staff_most = forms.IntegerField(
        label=_("Staff at most"),
        min_value=1,
        max_value=rules.MAX_STAFF,
        required=False,
        help_text=_("Empty: no upper bound."),
    )
    staff_role = forms.CharField(
        label=_("Who they are"), max_length=rules.STAFF_ROLE_LENGTH, required=False
    )
    policy_version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, policy: CommunityPolicy, data: Any = None) -> PolicyForm:
        """Return the form over a policy's present terms."""
        initial = {name: getattr(policy, name) for name in cls.base_fields}
        return cls(data, initial=initial)
