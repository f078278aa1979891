"""A period goes forward, and lies in years that people mean, wherever it comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import date

CODE = "ends_before_start"
TEXT = _("The end must not come before the start.")
# What people mean; at the ends of the calendar no day is left before or after to count with.
FIRST_YEAR, LAST_YEAR = 1900, 2200
YEAR_CODE = "date_year"
YEAR_TEXT = _("The year must be between 1900 and 2200.")


def goes_back(start: Any, end: Any) -> bool:
    """Whether both ends are known and the later one comes first."""
    return start is not None and end is not None and bool(end < start)


def within_years(moment: date) -> None:
    """Refuse a day or a time in a year that nobody means; a validator of form fields.

    Raises:
        ValidationError: it is before 1900 or after 2200.
    """
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise forms.ValidationError(YEAR_TEXT, YEAR_CODE)


class PeriodForm(forms.Form):
    """A form with days ``since`` and ``until``, either of which may be left open."""

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it starts."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if goes_back(found.get("since"), found.get("until")):
            self.add_error("until", forms.ValidationError(TEXT, CODE))
        return found
