from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.audit import ports
from core.kernel.periods import PeriodForm, within_years
from core.staff.models import Staff

if TYPE_CHECKING:
    from core.kernel.access import Viewer


class AuditFilterForm(PeriodForm):
    """The filters of the audit trail; every one is optional."""

    actor = forms.ModelChoiceField(
        label=_("Person"), queryset=Staff.objects.none(), required=False, empty_label=_("Anybody")
    )
    action = forms.ChoiceField(label=_("Action"), required=False)
    subject = forms.ChoiceField(label=_("Subject"), required=False)
    number = forms.IntegerField(
        label=_("Number of the subject"), required=False, min_value=1, max_value=2**63 - 1
    )
    since = forms.DateField(
        label=_("From"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=_("To"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the people in sight, and what the apps have announced."""
        super().__init__(*args, **kwargs)
        people = Staff.objects.visible_to(viewer).order_by("display_name", "pk")
        self.fields["actor"].queryset = people  # type: ignore[attr-defined]
        choices = {"action": ports.known_actions(), "subject": ports.known_subjects()}
        for name, known in choices.items():
            self.fields[name].choices = [("", _("Any")), *known]  # type: ignore[attr-defined]
