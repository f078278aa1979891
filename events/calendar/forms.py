from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.communities.models import Community
from core.organizations.models import City, Dealer
from events.calendar import rules
from events.calendar.models import Event, Kind
from events.calendar.services import Wanted

if TYPE_CHECKING:
    from core.kernel.access import Viewer

MOMENT = "%Y-%m-%dT%H:%M"
MOST_COMMUNITIES = 500


class EventFilterForm(forms.Form):
    """What the list can be narrowed by; every field optional."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any kind")), *Kind.choices])
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *Event.State.choices]
    )
    dealer = forms.CharField(label=_("Dealer"), max_length=80)
    city = forms.CharField(label=_("City"), max_length=40)
    online = forms.BooleanField(label=_("Online only"))
    when = forms.ChoiceField(
        label=_("When"),
        choices=[("", _("Any time")), ("coming", _("Coming")), ("over", _("Over"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make everything optional."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    return forms.DateTimeField(label=label, widget=widget)


class EventForm(forms.Form):
    """An event by hand. The service judges; this only reads."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    name = forms.CharField(label=_("Name"), max_length=rules.MAX_NAME)
    starts_at = _moment(_("Starts"))
    ends_at = _moment(pgettext_lazy("event", "Ends"))
    is_online = forms.BooleanField(label=_("Online, no need to travel"), required=False)
    venue = forms.CharField(label=_("Venue"), max_length=rules.MAX_VENUE, required=False)
    city = forms.CharField(label=_("City"), max_length=40, required=False)
    dealer = forms.ModelChoiceField(
        label=_("Held by"), queryset=Dealer.objects.none(), required=False
    )
    community = forms.ModelChoiceField(
        label=_("Community"),
        queryset=Community.objects.none(),
        required=False,
        empty_label=_("None"),
        help_text=_("If it belongs to one."),
    )
    capacity = forms.IntegerField(
        label=_("Places"),
        required=False,
        min_value=1,
        max_value=rules.MAX_CAPACITY,
        help_text=_("Left empty, as many as like to come. Guests count."),
    )
    guests_each = forms.IntegerField(
        label=_("Guests each"),
        required=False,
        min_value=0,
        max_value=rules.MAX_GUESTS,
        help_text=_("How many people one member may bring along."),
    )
    external_no = forms.CharField(
        label=_("Number in your app"), max_length=rules.MAX_NUMBER, required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, viewer: Viewer, event: Event | None = None, **kwargs: Any
    ) -> None:
        """Offer the dealers and communities that the viewer may act for, and the event's own."""
        super().__init__(*args, **kwargs)
        dealer: Any = self.fields["dealer"]
        dealer.queryset = Dealer.objects.visible_to(viewer).filter(is_active=True).order_by("name")
        dealer.required = not viewer.is_brand_wide
        dealer.empty_label = _("Whole brand") if viewer.is_brand_wide else None
        community: Any = self.fields["community"]
        open_ = Community.objects.visible_to(viewer).exclude(state=Community.State.ARCHIVED)
        newest = list(open_.order_by("-pk").values_list("pk", flat=True)[:MOST_COMMUNITIES])
        if event is not None and event.community_id is not None:
            newest.append(event.community_id)
        seen = Community.objects.visible_to(viewer)
        community.queryset = seen.filter(pk__in=newest).order_by("name")

    def clean_city(self) -> str | None:
        """Return the code of the city that was typed, with or without 市."""
        typed = str(self.cleaned_data["city"]).strip()
        if not typed:
            return None
        city = City.objects.filter(name__in=[typed, f"{typed}市"]).first()
        if city is None:
            raise forms.ValidationError(_("There is no such city. Write it as on a map."))
        return city.pk

    def wanted(self) -> Wanted:
        """Return what was filled in, for the service."""
        chosen = self.cleaned_data
        plain = ("kind", "name", "starts_at", "ends_at", "is_online", "venue", "capacity")
        return Wanted(
            **{name: chosen[name] for name in plain},
            guests_each=chosen["guests_each"] or 0,
            external_no=chosen["external_no"],
            city_id=chosen["city"],
            dealer_id=chosen["dealer"].pk if chosen["dealer"] else None,
            community_id=chosen["community"].pk if chosen["community"] else None,
        )


def initial_of(event: Event) -> dict[str, Any]:
    """Return an event as the form shows it."""
    names = ("kind", "name", "starts_at", "ends_at", "is_online", "venue", "dealer", "community")
    more = ("capacity", "guests_each", "external_no", "version")
    city = event.city.short_name if event.city else ""
    return {name: getattr(event, name) for name in (*names, *more)} | {"city": city}
