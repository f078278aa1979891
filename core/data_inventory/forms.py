from __future__ import annotations

from typing import Any

from django import forms
from django.apps import apps
from django.utils.translation import gettext_lazy as _

from core.data_inventory import ports, selectors


class InventoryFilterForm(forms.Form):
    """The filters of the inventory; every one is optional."""

    data_class = forms.ChoiceField(label=_("Class"), required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), required=False)
    keep = forms.ChoiceField(label=_("Kept"), required=False)
    table = forms.ChoiceField(label=_("Table"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what has been declared."""
        super().__init__(*args, **kwargs)
        models = (apps.get_model(each.model) for each in ports.all_holdings())
        tables = sorted((model._meta.label, selectors.name_of(model)) for model in models)
        offered: dict[str, list[tuple[Any, Any]]] = {
            "data_class": list(ports.CLASSES.items()),
            "purpose": list(ports.PURPOSES.items()),
            "keep": list(ports.KEEPS.items()),
            "table": [(label, f"{name} · {label}") for label, name in tables],
        }
        for name, choices in offered.items():
            self.fields[name].choices = [("", _("Any")), *choices]  # type: ignore[attr-defined]
