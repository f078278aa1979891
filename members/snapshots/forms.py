from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.kernel import formats
from core.kernel.periods import PeriodForm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from members.snapshots.models import Snapshot


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget)


class SnapshotFilterForm(PeriodForm):
    """The filters of a segment's snapshots; every one is optional."""

    who = forms.ChoiceField(
        label=_("Taken by"), required=False, choices=[("", _("Everybody")), ("me", _("Me"))]
    )
    change = forms.ChoiceField(
        label=_("Against the one before"),
        required=False,
        choices=[("", _("Any")), ("some", _("somebody joined or left")), ("none", _("the same"))],
    )
    since = _day(_("From"))
    until = _day(_("To"))


class CompareForm(forms.Form):
    """Which two snapshots of a segment to lay side by side."""

    later = forms.TypedChoiceField(label=_("Snapshot"), coerce=int)
    earlier = forms.TypedChoiceField(label=_("against"), coerce=int)

    def __init__(self, *args: Any, snapshots: Iterable[Snapshot], **kwargs: Any) -> None:
        """Offer the snapshots there are."""
        super().__init__(*args, **kwargs)
        choices = [(row.pk, _told(row)) for row in snapshots]
        for name in ("later", "earlier"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


def _told(row: Snapshot) -> str:
    """Return which snapshot it is, and of when: numbers alone say little to choose by."""
    text = gettext("No. %(number)s · %(when)s · %(people)s people")
    told = {"number": row.number, "people": formats.grouped(row.member_count)}
    when = formats.exact(row.taken_at)[: len("2026-11-22 19:29")] if row.taken_at else ""
    return text % (told | {"when": when})
