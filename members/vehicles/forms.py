from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.organizations.models import Dealer
from members.vehicles.models import ServiceVisit, VehicleModel
from members.vehicles.services import MAX_KM

if TYPE_CHECKING:
    from core.kernel.access import Viewer

FEN = 100


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class CarForm(forms.Form):
    """A car that a member owns."""

    vin = forms.CharField(label=_("VIN"), max_length=40, help_text=_("17 digits and capitals."))
    model = forms.ModelChoiceField(
        label=_("Vehicle model"),
        queryset=VehicleModel.objects.none(),
        empty_label=_("Choose a model"),
    )
    delivered_on = _day(_("Delivered"))
    is_domestic = forms.BooleanField(
        label=_("Built in China: the check digit has to be right"), required=False, initial=True
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the brand's models."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["model"]
        field.queryset = VehicleModel.objects.visible_to(viewer).order_by("name")

    @property
    def has_models(self) -> bool:
        """Whether there is a model to choose."""
        field: Any = self.fields["model"]
        return bool(field.queryset.exists())


class EndForm(forms.Form):
    """The day from which a car is no longer somebody's."""

    ended_on = _day(_("No longer theirs from"))


class TransferForm(forms.Form):
    """Who has the car from which day on."""

    to = forms.CharField(
        label=_("New owner"),
        max_length=80,
        help_text=_("Phone, customer number or the member's number in the address."),
    )
    on = _day(_("From"))


class ReadingForm(forms.Form):
    """What the odometer showed."""

    read_on = _day(_("Read on"))
    km = forms.IntegerField(label=_("Kilometers"), min_value=0, max_value=MAX_KM)
    reason = forms.CharField(
        label=_("Why it is lower than before"),
        max_length=200,
        required=False,
        help_text=_("Only where it is, such as after the odometer was replaced."),
    )


class VisitForm(forms.Form):
    """A visit to a workshop."""

    visited_on = _day(_("Visited on"))
    kind = forms.ChoiceField(label=_("Kind of visit"), choices=ServiceVisit.Kind.choices)
    dealer = forms.ModelChoiceField(
        label=_("Dealer"),
        queryset=Dealer.objects.none(),
        required=False,
        empty_label=_("not known"),
    )
    mileage_km = forms.IntegerField(
        label=_("Mileage"), min_value=0, max_value=MAX_KM, required=False
    )
    amount = forms.DecimalField(
        label=_("Paid (yuan)"),
        min_value=0,
        max_digits=12,
        decimal_places=2,
        initial=Decimal(0),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the dealers in sight."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["dealer"]
        field.queryset = Dealer.objects.visible_to(viewer).order_by("name")

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        values = dict(self.cleaned_data)
        values["amount_fen"] = int(values.pop("amount") * FEN)
        return values
