from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from core.data_inventory import ports, selectors
from core.data_inventory.forms import InventoryFilterForm
from core.data_inventory.ports import DataClass
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, page_or_partial

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from core.data_inventory.selectors import Item

AT_ONCE = 60  # more fields than that stay folded, table by table
TONES = {DataClass.SENSITIVE: "bad", DataClass.PERSONAL: "warn", DataClass.PUBLIC: "ok"}


@console(Permission.PRIVACY_VIEW)
def data_inventory(request: ConsoleRequest) -> HttpResponseBase:
    """Show every field that is kept: how personal, what for, how long, and how it is shown."""
    form = InventoryFilterForm(request.GET)
    every, words = list(selectors.items()), _Words()
    found = _narrowed(every, form)
    classes = Counter(str(item.said.data_class) for item in every)
    context = {
        "tables": [
            (selectors.name_of(model), model._meta.label, list(map(words.line, items)))
            for model, items in groupby(found, key=attrgetter("model"))
        ],
        "figures": [(label, classes[key]) for key, label in ports.CLASSES.items()],
        "filter_form": form,
        "field_count": len(found),
        "is_open": len(found) <= AT_ONCE,
    }
    return page_or_partial(
        request, "core/data_inventory/page.html", "core/data_inventory/_list.html", context
    )


class _Words:
    """What is said of fields in words: each word is looked up once, not once for each field."""

    def __init__(self) -> None:
        known = (ports.CLASSES, ports.PURPOSES, ports.KEEPS, ports.MASKS)
        self.classes, self.purposes, self.keeps, self.masks = (
            {key: str(label) for key, label in words.items()} for words in known
        )

    def line(self, item: Item) -> dict[str, str]:
        """Return a field as the page shows it."""
        said = item.said
        return {
            "field": item.field,
            "tone": TONES.get(said.data_class, ""),
            "data_class": self.classes[said.data_class],
            "purpose": self.purposes[said.purpose],
            "keep": self.keeps[said.keep],
            "mask": self.masks[said.mask],
        }


def _narrowed(items: list[Item], form: InventoryFilterForm) -> list[Item]:
    if not form.is_valid():
        return []
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    table = chosen.pop("table", "")
    return [
        item
        for item in items
        if (not table or item.model._meta.label == table)
        and all(getattr(item.said, name) == value for name, value in chosen.items())
    ]
