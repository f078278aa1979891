from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.broadcasts import rules
from communities.broadcasts.audience import Audience
from communities.broadcasts.drafts import NAME_LENGTH, Draft
from communities.broadcasts.models import Broadcast, Delivery
from communities.policies.models import Kind
from core.kernel.badges import kind_badge
from core.kernel.errors import DomainError
from core.kernel.errors import Kind as RefusalKind
from core.kernel.periods import PeriodForm, within_years
from core.organizations.models import Dealer

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.kernel.access import Viewer

NOW, LATER = "now", "later"
MOST_PICKED = 2000
KINDS = [(kind, kind_badge(kind).label) for kind in Kind.values]


class PickedField(forms.Field):
    """Any number of keys, ticked in a list that is too long to be sent whole."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, numbers: bool, **options: Any) -> None:
        """Take numbers, or codes of digits."""
        super().__init__(required=False, **options)
        self._numbers = numbers

    def to_python(self, value: Any) -> tuple[Any, ...]:
        """Return the keys without repetition.

        Raises:
            ValidationError: one of them is no key.
        """
        texts = list(dict.fromkeys(value or ()))
        if len(texts) > MOST_PICKED:
            raise forms.ValidationError(_("Choose fewer."))
        if not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts):
            raise forms.ValidationError(_("This choice does not exist."))
        return tuple(int(text) for text in texts) if self._numbers else tuple(texts)


class DraftForm(forms.Form):
    """The composer. What the fields mean together is decided by the service."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("For you and your colleagues; members do not see it."),
    )
    purpose = forms.ChoiceField(
        label=_("What is it for?"),
        choices=Broadcast.Purpose.choices,
        widget=forms.RadioSelect,
        initial=Broadcast.Purpose.SERVICE,
    )
    body = forms.CharField(
        label=_("Text"), max_length=rules.TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 8})
    )
    link = forms.CharField(
        label=_("Link"),
        required=False,
        max_length=rules.LINK_LENGTH,
        help_text=_("A web address that stands below the text."),
    )
    dealer = forms.ModelChoiceField(
        label=_("In the name of"),
        queryset=Dealer.objects.none(),
        required=False,
        empty_label=_("Choose a dealer"),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Kind of community"),
        choices=KINDS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    dealer_ids = PickedField(label=_("Dealers"), numbers=True)
    city_codes = PickedField(label=_("Cities"), numbers=False)
    community_ids = PickedField(label=_("Communities"), numbers=True)
    when = forms.ChoiceField(
        label=_("When to send"),
        choices=[(NOW, _("As soon as confirmed")), (LATER, _("At a set time"))],
        initial=NOW,
        widget=forms.RadioSelect,
    )
    date = forms.DateField(
        label=_("Date"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the dealers whom ``viewer`` may speak for, where there is a choice."""
        super().__init__(*args, **kwargs)
        if viewer.dealer_ids is None or len(viewer.dealer_ids) == 1:
            del self.fields["dealer"]
            return
        field: Any = self.fields["dealer"]
        field.queryset = Dealer.objects.visible_to(viewer).order_by("name")
        field.required = True

    def clean(self) -> dict[str, Any]:
        """Ask for the time where one is to be set."""
        cleaned = super().clean() or {}
        if cleaned.get("when") == LATER:
            for name in ("date", "time"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("Say when to send it."))
        return cleaned

    def draft(self) -> Draft:
        """Return what was typed, as far as it can be read; text may be missing in a trial."""
        typed = self.cleaned_data
        dealer = typed.get("dealer")
        return Draft(
            name=typed.get("name", ""),
            purpose=typed.get("purpose", ""),
            body=typed.get("body", ""),
            link=typed.get("link", ""),
            audience=Audience(
                kinds=tuple(typed.get("kinds", ())),
                community_ids=typed.get("community_ids", ()),
                dealer_ids=typed.get("dealer_ids", ()),
                city_codes=typed.get("city_codes", ()),
            ),
            scheduled_at=self._scheduled_at(),
            dealer_id=dealer.pk if dealer else None,
        )

    def refuse(self, refusal: DomainError) -> None:
        """Put a refusal to the fields that stand for what it names, else on top."""
        self.is_stale = refusal.kind == RefusalKind.STALE
        if not refusal.problems:
            self.add_error(None, str(refusal))
        for problem in refusal.problems:
            name = problem.pointer.rpartition("/")[2].replace("scheduled_at", "date")
            self.add_error(name if name in self.fields else None, problem.detail)

    def _scheduled_at(self) -> datetime | None:
        typed = self.cleaned_data
        if typed.get("when") != LATER or not typed.get("date") or not typed.get("time"):
            return None
        zone = timezone.get_current_timezone()
        return datetime.combine(typed["date"], typed["time"], tzinfo=zone)


def initial_of(row: Broadcast) -> dict[str, Any]:
    """Return a draft as the composer shows it."""
    at = timezone.localtime(row.scheduled_at) if row.scheduled_at else None
    return {
        **{name: getattr(row, name) for name in ("name", "purpose", "body", "link", "version")},
        **row.audience,
        "dealer": row.dealer_id,
        "when": LATER if at else NOW,
        "date": at.date() if at else None,
        "time": at.time() if at else None,
    }


class BroadcastFilterForm(PeriodForm):
    """The filters of the broadcast list; every one is optional."""

    q = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    state = forms.ChoiceField(label=_("State"), required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), required=False)
    kind = forms.ChoiceField(label=_("Kind of community"), required=False)
    since = forms.DateField(
        label=_("From"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the states, purposes and kinds."""
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("state", Broadcast.State.choices),
            ("purpose", Broadcast.Purpose.choices),
            ("kind", KINDS),
        ):
            self.fields[name].choices = [("", _("Any")), *choices]  # type: ignore[attr-defined]

    def narrow(self, rows: QuerySet[Broadcast]) -> QuerySet[Broadcast]:
        """Keep what fits every filter given; nothing, where one cannot be read."""
        if not self.is_valid():
            return rows.none()
        asked, zone = self.cleaned_data, timezone.get_current_timezone()
        lookups = {
            "name__icontains": asked["q"].strip(),
            "state": asked["state"],
            "purpose": asked["purpose"],
            "audience__kinds__contains": [asked["kind"]] if asked["kind"] else None,
        }
        rows = rows.filter(**{lookup: value for lookup, value in lookups.items() if value})
        if asked["since"]:
            begins = datetime.combine(asked["since"], time.min, tzinfo=zone)
            rows = rows.filter(Q(scheduled_at__gte=begins) | Q(scheduled_at=None))
        if asked["until"]:
            ends = datetime.combine(asked["until"], time.min, tzinfo=zone) + timedelta(days=1)
            rows = rows.filter(Q(scheduled_at__lt=ends) | Q(scheduled_at=None, created_at__lt=ends))
        return rows


class DeliveryFilterForm(forms.Form):
    """The filter of a broadcast's deliveries."""

    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the states."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["state"]
        field.choices = [("", _("Any")), *Delivery.State.choices]
