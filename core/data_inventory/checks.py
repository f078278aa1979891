"""Django's system check: a field nobody classified stops every command, and so the tests."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from core.data_inventory import selectors

TAG = "data_classes"


def check_data_classes(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """Return an error per unclassified table or field, and per declaration of what is gone."""
    return [
        Error(selectors.words_of(gap), id=f"core.data_classes.{gap.kind}", obj=gap.model)
        for gap in selectors.gaps()
    ]
