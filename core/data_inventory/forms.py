from __future__ import annotations

from typing import Any

from django import forms
from django.apps import apps
from django.utils.translation import gettext_lazy as _

from core.data_inventory import ports


class InventoryFilterForm(forms.Form):
    """The filters of the inventory; every one is optional."""

    data_class = forms.ChoiceField(label=_("Class"), required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), required=False)
    keep = forms.ChoiceField(label=_("Kept"), required=False)
    table = forms.ChoiceField(label=_("Table"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what has been declared."""
        super().__init__(*args, **kwargs)
        tables = sorted(apps.get_model(each.model)._meta.label for each in ports.all_holdings())
        offered = {
            "data_class": list(ports.CLASSES.items()),
            "purpose": list(ports.PURPOSES.items()),
            "keep": list(ports.KEEPS.items()),
            "table": [(label, label) for label in tables],
        }
        for name, choices in offered.items():
            self.fields[name].choices = [("", _("Any")), *choices]  # type: ignore[attr-defined]
