from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members.identities.models import Identity
from members.identities.rules import LONGEST


class IdentityForm(forms.Form):
    """By which name another system knows the member."""

    kind = forms.ChoiceField(label=_("Other system"), choices=Identity.Kind.choices)
    value = forms.CharField(label=_("Name there"), max_length=LONGEST)


class RemoveForm(forms.Form):
    """Why a name goes."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
