from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.custom_fields import rules
from members.custom_fields.models import CustomField

if TYPE_CHECKING:
    from members.custom_fields.rules import Spec

CHOICE = "choice_"
KINDS = {
    "text": ("max_length",),
    "number": ("low", "high", "decimals"),
    "choice": ("choices",),
    "choices": ("choices",),
}


class FieldForm(forms.Form):
    """A field as it is declared or changed; what fits together is for the service."""

    label = forms.CharField(
        label=_("Name of the field"), max_length=200, help_text=_("As people read it.")
    )
    kind = forms.ChoiceField(
        label=_("Kind of value"),
        choices=CustomField.Kind.choices,
        help_text=_("Cannot be changed later."),
    )
    key = forms.CharField(
        label=pgettext_lazy("of a field", "Key"),
        max_length=80,
        help_text=_(
            "For files, the API and segments: small letters, digits and _. Stays for ever."
        ),
    )
    help = forms.CharField(
        label=_("Explanation"),
        max_length=400,
        required=False,
        help_text=_("Stands below the field in forms."),
    )
    data_class = forms.ChoiceField(
        label=_("What kind of data it is"),
        choices=CustomField.DataClass.choices,
        help_text=_("Personal values are hidden from those who may not edit members."),
    )
    is_required = forms.BooleanField(
        label=_("Must be filled in"),
        required=False,
        help_text=_("In forms and through the API; files may leave it out."),
    )
    max_length = forms.IntegerField(
        label=_("Most characters"),
        required=False,
        help_text=format_lazy("{} {}", _("Empty:"), rules.LONGEST_TEXT),
    )
    low = forms.DecimalField(label=_("Least value"), required=False)
    high = forms.DecimalField(label=_("Greatest value"), required=False)
    decimals = forms.IntegerField(
        label=_("Decimal places"), required=False, min_value=0, max_value=rules.MOST_DECIMALS
    )
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, spec: Spec | None = None, kind: str = "", **kwargs: Any) -> None:
        """Ask for what the kind needs; of a field there is, neither kind nor key any more."""
        super().__init__(*args, **kwargs)
        self.spec, asked = spec, spec.kind if spec else kind
        if spec is not None:
            del self.fields["kind"], self.fields["key"]
        needed = KINDS.get(asked, ())
        for name in {name for names in KINDS.values() for name in names} - set(needed):
            del self.fields[name]
        if spec is not None and "choices" in needed:
            self.fields["choices"].label = _("More choices")
            for choice in spec.offered:
                self.fields[f"{CHOICE}{choice.pk}"] = forms.CharField(
                    label=_("Choice"),
                    required=False,
                    max_length=200,
                    initial=choice.label,
                )

    @property
    def known_choices(self) -> list[forms.BoundField]:
        """The fields of choices that there are."""
        return [self[name] for name in self.fields if name.startswith(CHOICE)]

    def values(self) -> dict[str, Any]:
        """Return what the services take."""
        given = self.cleaned_data
        found = {name: given[name] for name in given if not name.startswith(CHOICE)}
        found.pop("version", None)
        if "choices" in self.fields:
            there = [
                {"id": int(name.removeprefix(CHOICE)), "label": label}
                for name, label in given.items()
                if name.startswith(CHOICE) and label.strip()
            ]
            lines = given["choices"].splitlines()
            found["choices"] = there + [{"label": line} for line in lines if line.strip()]
        return found

    @classmethod
    def of(cls, field: CustomField, spec: Spec, data: Any = None) -> FieldForm:
        """Return the form over a field there is."""
        initial = {
            "label": field.label,
            "help": field.help,
            "data_class": field.data_class,
            "is_required": field.is_required,
            "max_length": field.max_length,
            "low": None if field.low is None else rules.number_of(field.low),
            "high": None if field.high is None else rules.number_of(field.high),
            "decimals": field.decimals,
            "version": field.version,
        }
        return cls(data, initial=initial, spec=spec)
