from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.kernel import formats
from members.identities.models import Identity
from members.merging.ports import parts
from members.orders.models import Order
from members.vehicles.models import Ownership

if TYPE_CHECKING:
    from members.merging.selectors import Preview
    from members.profiles.models import Member

MOST_ORDERS = 100
MINE, THEIRS = "mine", "theirs"


class OtherForm(forms.Form):
    """Which member is the same person."""

    other = forms.CharField(
        label=_("The other member"),
        max_length=80,
        help_text=_("Phone, customer number or the member's number in the address."),
    )


class SplitForm(forms.Form):
    """What belongs to somebody else, and who that is."""

    display_name = forms.CharField(label=_("Name of the other person"), max_length=80)

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        """Offer what the member has, of each part that can be taken out."""
        super().__init__(*args, **kwargs)
        of_member = {"brand_id": member.brand_id, "member": member}
        names = Identity.objects.filter(**of_member).order_by("pk")
        owned = Ownership.objects.filter(**of_member).select_related("vehicle__model")
        orders = Order.objects.filter(**of_member).order_by("-ordered_at")[:MOST_ORDERS]
        offered = {
            "identities": [
                (row.pk, f"{row.get_kind_display()} {formats.masked_tail(row.value)}")
                for row in names
            ],
            "ownerships": [
                (row.pk, f"{row.vehicle.model.name} …{row.vehicle.vin_tail} · {row.delivered_on}")
                for row in owned.order_by("-delivered_on")
            ],
            "orders": [
                (row.pk, f"{row.order_no} · {formats.yuan(row.amount_fen)}") for row in orders
            ],
        }
        self.parts = [part for part, choices in offered.items() if choices]
        for part in self.parts:
            self.fields[part] = forms.TypedMultipleChoiceField(
                label=parts()[part].label,
                choices=offered[part],
                coerce=int,
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )

    def chosen(self) -> dict[str, list[int]]:
        """Return the rows that were ticked, by part."""
        return {part: self.cleaned_data[part] for part in self.parts}


class MergeForm(forms.Form):
    """Whose facts count where both know something different, and why the two are one."""

    reason = forms.CharField(label=_("Why they are one person"), max_length=200, required=False)
    winner_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    loser_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, preview: Preview, **kwargs: Any) -> None:
        """Ask about every fact that differs; the member that stays is the usual answer."""
        super().__init__(*args, **kwargs)
        self.fields["winner_version"].initial = preview.winner.version
        self.fields["loser_version"].initial = preview.loser.version
        self.open = [fact for fact in preview.facts if fact.is_open]
        for fact in self.open:
            self.fields[fact.key] = forms.ChoiceField(
                label=fact.label,
                choices=[(MINE, fact.mine), (THEIRS, fact.theirs)],
                widget=forms.RadioSelect,
                initial=MINE,
            )

    def versions(self) -> tuple[int | None, int | None]:
        """Return what people looked at when they chose."""
        return self.cleaned_data["winner_version"], self.cleaned_data["loser_version"]

    def take(self) -> list[str]:
        """Return the facts that come from the member who goes."""
        return [fact.key for fact in self.open if self.cleaned_data[fact.key] == THEIRS]
