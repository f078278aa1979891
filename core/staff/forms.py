from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.organizations.models import Dealer, Region, Store
from core.staff import rules
from core.staff.models import Role
from core.staff.selectors import StaffFilter

USER_NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]*$", _("Letters, digits, dot, dash and underscore only.")
)


class StaffFilterForm(forms.Form):
    """The filters of the staff list; every one is optional."""

    q = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    role = forms.ChoiceField(
        label=_("Role"), required=False, choices=[("", _("Any")), *Role.choices]
    )
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.none(), required=False, empty_label=_("Any")
    )
    dealer = forms.ModelChoiceField(
        label=_("Dealer"), queryset=Dealer.objects.none(), required=False, empty_label=_("Any")
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any")), ("active", _("May sign in")), ("inactive", _("Deactivated"))],
    )

    def __init__(self, *args: Any, viewer: Any, **kwargs: Any) -> None:
        """Offer the places in sight."""
        super().__init__(*args, **kwargs)
        dealers = Dealer.objects.visible_to(viewer)
        regions = Region.objects.visible_to(viewer)
        self.fields["region"].queryset = regions.order_by("name")  # type: ignore[attr-defined]
        self.fields["dealer"].queryset = dealers.order_by("name")  # type: ignore[attr-defined]

    def chosen(self) -> StaffFilter | None:
        """Return the filter, or None when it was typed wrong."""
        if not self.is_valid():
            return None
        values = self.cleaned_data
        return StaffFilter(
            text=values["q"].strip(),
            role=values["role"],
            region_id=values["region"] and values["region"].pk,
            dealer_id=values["dealer"] and values["dealer"].pk,
            is_active={"active": True, "inactive": False}.get(values["state"]),
        )


class StaffForm(forms.Form):
    display_name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)


class UserNameField(forms.CharField):
    """A user name as it is stored: case and blanks around it do not matter."""

    def to_python(self, value: Any) -> Any:
        """Return it in lower case."""
        return str(super().to_python(value)).strip().lower()


class NewStaffForm(StaffForm):
    username = UserNameField(
        label=_("User name"),
        max_length=64,
        validators=[USER_NAME],
        help_text=_("For signing in; it cannot be changed later."),
    )
    field_order = ["username", "display_name", "email"]


class GrantForm(forms.Form):
    """A role and the node where it counts; only the nodes that fit the chosen role are asked."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.Select)
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.none(), required=False
    )
    dealer = forms.ModelChoiceField(
        label=_("Dealer"), queryset=Dealer.objects.none(), required=False
    )
    store = forms.ModelChoiceField(
        label=_("Store"),
        queryset=Store.objects.none(),
        required=False,
        empty_label=_("The whole dealer"),
    )

    def __init__(self, *args: Any, viewer: Any, chosen: Any, **kwargs: Any) -> None:
        """Ask for the nodes that the ``chosen`` role fits, within the viewer's sight."""
        super().__init__(*args, **kwargs)
        role = chosen.get("role") or Role.HQ_OPERATOR
        fitting = rules.NODES_OF_ROLE.get(role, ())
        optional = rules.Node.BRAND in fitting
        dealer = str(chosen.get("dealer", ""))
        stores = Store.objects.visible_to(viewer).filter(
            dealer=int(dealer) if dealer.isdecimal() and len(dealer) < 19 else None
        )
        sources: dict[str, Any] = {
            "region": Region.objects.visible_to(viewer).order_by("name"),
            "dealer": Dealer.objects.visible_to(viewer).filter(is_active=True).order_by("name"),
            "store": stores.order_by("name"),
        }
        for name, rows in sources.items():
            if rules.Node(name) not in fitting:
                del self.fields[name]
                continue
            field: Any = self.fields[name]
            field.queryset = rows
            field.required = not optional and name == fitting[0]
            if name != "store":
                field.empty_label = _("The whole brand") if optional else _("Choose one")
