from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class RuleForm(forms.Form):
    """After how many days a kind of data is emptied."""

    days = forms.IntegerField(label=_("Days"))

    def __init__(self, *args: Any, least: int, most: int, **kwargs: Any) -> None:
        """Bound the days by what the kind is needed for."""
        super().__init__(*args, **kwargs)
        self.fields["days"] = forms.IntegerField(label=_("Days"), min_value=least, max_value=most)
