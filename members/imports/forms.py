from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.imports.fields import FIELDS
from members.imports.models import Subject
from members.imports.options import DateOrder, MoneyUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from members.imports.fields import Field
    from members.imports.models import ImportJob

PREFIX = "map_"
STATES = [
    ("", _("any state")),
    ("waiting", _("Not started")),
    ("open", _("In progress")),
    ("succeeded", _("Done")),
    ("failed", _("Failed or cancelled")),
]


class ImportFilterForm(forms.Form):
    """What the list of imports can be narrowed by."""

    subject = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("members and orders")), *Subject.choices]
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)


class UploadForm(forms.Form):
    """The file, and what its rows are."""

    subject = forms.ChoiceField(
        label=_("What are the rows?"),
        choices=Subject.choices,
        initial=Subject.MEMBERS,
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        max_length=None,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
    )


class MappingForm(forms.Form):
    """A column for each of our fields, and what holds for the whole file.

    Shape only; whether the choices fit is for the services.
    """

    date_order = forms.ChoiceField(
        label=_("Order of dates"),
        required=False,
        choices=[
            (DateOrder.AUTO, _("Year first: 2026-11-21")),
            (DateOrder.DAY_FIRST, _("Day first: 21/11/2026")),
            (DateOrder.MONTH_FIRST, _("Month first: 11/21/2026")),
        ],
    )
    money_unit = forms.ChoiceField(
        label=_("Unit of amounts"),
        required=False,
        choices=[
            (MoneyUnit.YUAN, _("Yuan, such as 48.50")),
            (MoneyUnit.FEN, _("Fen, such as 4850")),
            (MoneyUnit.FOREIGN, _("Foreign currency, counted one to one")),
        ],
    )
    currency = forms.CharField(
        label=_("Currency"),
        required=False,
        help_text=_("Only for foreign amounts: USD. 1.00 USD is kept as 1.00, not converted."),
    )
    default_city = forms.CharField(
        label=_("City where the file names none"), required=False, help_text=_("Code or name")
    )
    default_dealer = forms.CharField(
        label=_("Dealer where the file names none"), required=False, help_text=_("Code or name")
    )
    tags = forms.CharField(
        label=_("Tags for everybody in the file"),
        required=False,
        help_text=_("Several are separated by ; or 、"),
    )
    tag_group = forms.CharField(
        label=_("Group of new tags"), required=False, help_text=_("Empty: “Imported”")
    )
    create_tags = forms.BooleanField(label=_("Create tags that do not exist yet"), required=False)
    is_domestic = forms.BooleanField(
        label=_("Cars built in China: check the check digit of VINs"), required=False
    )
    consent = forms.MultipleChoiceField(
        label=_("Everybody in the file has agreed to"),
        required=False,
        choices=[
            ("community", _("Invitations to communities")),
            ("marketing", _("Marketing messages")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    consent_evidence = forms.CharField(
        label=_("Where the consent is kept"),
        required=False,
        help_text=_("Such as “signed paper, spring fair 2026”. Needed with a consent."),
    )
    profile_name = forms.CharField(
        label=_("Remember these columns as"),
        required=False,
        help_text=_("The next file with these columns offers them under this name."),
    )

    def __init__(
        self, *args: Any, job: ImportJob, own: Sequence[Field] = (), **kwargs: Any
    ) -> None:
        """Offer the file's columns for each field of its subject, the brand's ``own`` last."""
        super().__init__(*args, **kwargs)
        choices = [("", _("— not in the file —")), *((name, name) for name in job.headers)]
        self.all = (*FIELDS[job.subject], *own)
        for field in self.all:
            self.fields[PREFIX + field.name] = forms.ChoiceField(
                label=field.label, required=False, choices=choices
            )
        if job.subject == Subject.ORDERS:
            for name in MEMBER_OPTIONS:
                del self.fields[name]
        else:
            del self.fields["money_unit"], self.fields["currency"]

    def mapping(self) -> dict[str, str]:
        """Return the columns as chosen, whether or not they fit."""
        names = [name for name in self.fields if name.startswith(PREFIX)]
        return {name.removeprefix(PREFIX): self.data.get(name, "") for name in names}

    def options(self) -> dict[str, Any]:
        """Return the options as chosen."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if not name.startswith(PREFIX) and name != "profile_name"
        }


MEMBER_OPTIONS = (
    "default_city",
    "default_dealer",
    "tags",
    "tag_group",
    "create_tags",
    "is_domestic",
    "consent",
    "consent_evidence",
)


def initial_of(job: ImportJob, mapping: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    """Return the values that the form starts with."""
    return options | {PREFIX + name: column for name, column in mapping.items()}
