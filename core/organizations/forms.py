from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from core.kernel.versions import VersionInput
from core.organizations.models import City, Region

if TYPE_CHECKING:
    from core.kernel.access import Viewer

CODE = RegexValidator(r"^[A-Za-z0-9._-]+\Z", _("Letters, digits, dot, dash and underscore only."))


class CodeField(forms.CharField):
    """What other systems call a node."""

    def __init__(self) -> None:
        """Fix the alphabet and the length."""
        super().__init__(
            label=_("Code"),
            max_length=32,
            validators=[CODE],
            help_text=_("Files and other systems refer to it; it cannot be changed later."),
        )


class CityField(forms.CharField):
    """A city by name, as people write it: 杭州 or 杭州市."""

    def __init__(self) -> None:
        """Offer no list: there are three hundred."""
        super().__init__(label=_("City"), max_length=40)

    def clean(self, value: Any) -> Any:
        """Return the one city of that name."""
        name = super().clean(value).strip()
        found = list(City.objects.filter(name__in=[name, f"{name}市"])[:2])
        if len(found) != 1:
            raise forms.ValidationError(
                _("No city of this name. Write it in full, such as 杭州市.")
            )
        return found[0]


class DealerFilterForm(forms.Form):
    """What the list of dealers can be narrowed by."""

    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.none(), required=False
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the regions in sight."""
        super().__init__(*args, **kwargs)
        self.fields["region"].queryset = Region.objects.visible_to(viewer)  # type: ignore[attr-defined]


class RegionForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    version = VersionInput()


class NewRegionForm(RegionForm):
    version = None  # type: ignore[assignment]  # A new region has none.
    code = CodeField()


class DealerForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.none(), empty_label=_("Choose one")
    )
    city = CityField()
    is_active = forms.BooleanField(
        label=_("Works with the brand"),
        required=False,
        help_text=_("Without it nobody new is placed with this dealer; history stays."),
    )
    version = VersionInput()

    def __init__(self, *args: Any, viewer: Any, **kwargs: Any) -> None:
        """Offer the regions in sight."""
        super().__init__(*args, **kwargs)
        regions = Region.objects.visible_to(viewer).order_by("name")
        self.fields["region"].queryset = regions  # type: ignore[attr-defined]


class NewDealerForm(DealerForm):
    is_active = None  # type: ignore[assignment]  # A new dealer works with the brand.
    version = None  # type: ignore[assignment]
    code = CodeField()


class StoreForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    city = CityField()
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    version = VersionInput()


class NewStoreForm(StoreForm):
    version = None  # type: ignore[assignment]
    code = CodeField()
