from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from core.kernel.periods import within_years
from core.organizations.models import City, Dealer

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Viewer


def moment_field(label: _StrOrPromise, help_text: _StrOrPromise = "") -> forms.DateTimeField:
    """Return a field for a day and a time of the brand's clock."""
    return forms.DateTimeField(
        label=label,
        required=False,
        validators=[within_years],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=help_text,
    )


class CommunityFilterForm(forms.Form):
    """What the list can be narrowed by; every field optional."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any kind")), *Kind.choices])
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("In use")), *Community.State.choices]
    )
    dealer = forms.CharField(label=_("Dealer"), max_length=80)
    city = forms.CharField(label=_("City"), max_length=40)
    near_cap = forms.BooleanField(label=_("A room is nearly full"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make everything optional."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


class NewCommunityForm(forms.Form):
    """A community by hand. The service judges; this only reads."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, widget=forms.RadioSelect)
    dealer = forms.ModelChoiceField(
        label=_("Dealer"), queryset=Dealer.objects.none(), required=False
    )
    city = forms.CharField(
        label=_("City"),
        max_length=40,
        required=False,
        help_text=_("Left empty, the city of the dealer."),
    )
    topic = forms.CharField(label=_("Topic"), max_length=40, required=False)
    event = forms.CharField(
        label=_("Event"),
        max_length=policy_rules.EVENT_LENGTH,
        required=False,
        help_text=_("For flash communities: stands in the name."),
    )
    starts_at = moment_field(_("Starts"), _("Stands in the name too."))
    ends_at = moment_field(
        pgettext_lazy("community", "Ends"),
        _("Needed where communities of the kind end with their event; they then close."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Left empty, made from the template of the kind's policy."),
    )
    room_cap = forms.IntegerField(
        label=_("Members per room"),
        required=False,
        min_value=policy_rules.MIN_CAP,
        max_value=policy_rules.MAX_CAP,
        help_text=_("Left empty, as the policy says."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the dealers the viewer may act for."""
        super().__init__(*args, **kwargs)
        dealers = Dealer.objects.visible_to(viewer).filter(is_active=True).order_by("name")
        field: Any = self.fields["dealer"]
        field.queryset = dealers
        field.required = not viewer.is_brand_wide
        field.empty_label = _("Whole brand") if viewer.is_brand_wide else None

    def clean_city(self) -> str:
        """Return the code of the city that was typed, with or without 市."""
        typed = str(self.cleaned_data["city"]).strip()
        if not typed:
            return ""
        city = City.objects.filter(name__in=[typed, f"{typed}市"]).first()
        if city is None:
            raise forms.ValidationError(_("There is no such city. Write it as on a map."))
        return city.pk


class EditCommunityForm(forms.Form):
    """Name, topic and seats of a community."""

    name = forms.CharField(label=_("Name"), max_length=120)
    topic = forms.CharField(label=_("Topic"), max_length=40, required=False)
    room_cap = forms.IntegerField(
        label=_("Members per room"),
        min_value=policy_rules.MIN_CAP,
        max_value=policy_rules.MAX_CAP,
        help_text=_("For rooms opened from now on; open rooms keep theirs."),
    )
    ends_at = moment_field(
        pgettext_lazy("community", "Ends"), _("Some hours later it closes, as the policy says.")
    )
    rename_rooms = forms.BooleanField(
        label=_("Name its open rooms after it too"), required=False, initial=True
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class AddMemberForm(forms.Form):
    """Somebody to add by hand, found by what staff have at hand."""

    member = forms.IntegerField(
        label=_("Member"),
        min_value=1,
        max_value=2**63 - 1,
        error_messages={"required": _("Find the member and choose one.")},
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Membership.Role.choices,
        initial=Membership.Role.MEMBER,
        widget=forms.RadioSelect,
    )
    promote = forms.BooleanField(
        label=_("Promote them: they enter on your word"),
        required=False,
        help_text=_("The seat and the record will say that you promoted them."),
    )
