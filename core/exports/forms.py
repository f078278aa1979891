from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.exports.rules import FileFormat
from core.exports.writing import MOST_XLSX_ROWS
from core.kernel.formats import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.lists.ports import Column


class ExportForm(forms.Form):
    """Which kind of file, and which columns."""

    format = forms.ChoiceField(
        label=_("Kind of file"), widget=forms.RadioSelect, initial=FileFormat.CSV.value
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one column.")},
    )

    def __init__(self, *args: Any, columns: Sequence[Column], **kwargs: Any) -> None:
        """Offer the list's columns, all of them ticked."""
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["format"]
        most = grouped(MOST_XLSX_ROWS)
        kinds.choices = [
            (FileFormat.CSV.value, _("CSV, for any number of rows; opens in Excel")),
            (FileFormat.XLSX.value, _("Excel (XLSX), up to %(most)s rows") % {"most": most}),
        ]
        field: Any = self.fields["columns"]
        field.choices = [(column.key, column.label) for column in columns]
        field.initial = [column.key for column in columns]


class DecisionForm(forms.Form):
    """Yes or no to somebody else's export, and why."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Whoever asked reads it, and whoever looks back later."),
    )
    decision = forms.ChoiceField(
        widget=forms.HiddenInput,  # The buttons say it.
        choices=[("approve", ""), ("refuse", "")],
        error_messages={"required": _("Approve or refuse.")},
    )
