from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members.orders.rules import LONGEST_CATEGORY


class OrderFilterForm(forms.Form):
    """What narrows a member's orders."""

    category = forms.CharField(label=_("Category"), max_length=LONGEST_CATEGORY, required=False)
