from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from core.kernel.versions import VersionInput
from members.profiles.rules import NAME_LENGTH
from members.vehicle_models import rules

CODE = RegexValidator(
    rf"^{rules.CODE}\Z", _("Letters, digits, dot, dash and underscore only."), "code"
)


class NameForm(forms.Form):
    """What a model is called."""

    name = forms.CharField(
        label=_("Name"), max_length=NAME_LENGTH, help_text=_("As people say it, such as 远航 E7.")
    )
    version = VersionInput()


class ModelForm(NameForm):
    """A model that the brand builds."""

    version = None  # type: ignore[assignment]  # A new model has none.
    code = forms.CharField(
        label=_("Code"),
        max_length=rules.LONGEST_CODE,
        validators=[CODE],
        help_text=_("Files and other systems refer to it; it cannot be changed later."),
    )
    field_order = ("code", "name")
