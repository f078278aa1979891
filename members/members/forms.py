from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.selects import QuickSelect
from core.organizations.models import City, Dealer, short_city
from members.custom_fields import rules as custom_rules
from members.custom_fields import selectors as custom_fields
from members.profiles.models import Member, Stage
from members.segments.models import Segment
from members.snapshots import selectors as snapshot_selectors
from members.tags.models import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.kernel.access import Viewer
    from members.custom_fields.rules import Spec, Value
    from members.snapshots.models import Snapshot
    from members.snapshots.rules import Part

ANY = ("", _("Any"))
CUSTOM = "custom_"  # what the brand's own fields are called in forms and addresses
# Of the brand's own fields of choices, so many are filters of the list; segments ask for any.
MOST_FILTERS = 6


class _Choices(forms.Form):
    """Fields whose choices depend on who looks."""

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Keep the viewer and fill the choices in."""
        self.viewer = viewer
        super().__init__(*args, **kwargs)
        self.fill()

    def fill(self) -> None:
        """Offer what the viewer may choose from."""

    def offer(self, name: str, choices: Iterable[Any]) -> None:
        """Set a field's choices, the empty one first."""
        self.fields[name].choices = [ANY, *choices]  # type: ignore[attr-defined]


def city_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every city under its province."""
    groups: dict[str, list[tuple[str, str]]] = {}
    rows = City.objects.order_by("code").values_list("code", "name", "province_name")
    for code, name, province in rows:
        groups.setdefault(province, []).append((code, short_city(name)))
    return list(groups.items())


def dealer_choices(viewer: Viewer) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the dealers the viewer may see, under their regions."""
    groups: dict[str, list[tuple[int, str]]] = {}
    rows = Dealer.objects.visible_to(viewer).order_by("region_id", "name")
    for pk, name, region in rows.values_list("pk", "name", "region__name"):
        groups.setdefault(region, []).append((pk, name))
    return list(groups.items())


def tag_choices(viewer: Viewer) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the brand's tags, under their groups."""
    groups: dict[str, list[tuple[int, str]]] = {}
    rows = Tag.objects.visible_to(viewer).order_by("group_id", "pk")
    for pk, name, group in rows.values_list("pk", "name", "group__name"):
        groups.setdefault(group, []).append((pk, name))
    return list(groups.items())


class MemberFilterForm(_Choices):
    """The filters of the list of members; every one is optional."""

    city = forms.ChoiceField(label=_("City"), required=False, widget=QuickSelect)
    dealer = forms.ChoiceField(label=_("Home dealer"), required=False, widget=QuickSelect)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    tag = forms.ChoiceField(label=pgettext_lazy("noun", "Tag"), required=False)
    source = forms.ChoiceField(label=_("Source"), required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    snapshot = forms.ChoiceField(label=_("Snapshot"), required=False)

    def fill(self) -> None:
        """Offer places, stages, tags and segments; a snapshot only where one is asked for."""
        self.offer("city", city_choices())
        self.offer("dealer", dealer_choices(self.viewer))
        self.offer("stage", Stage.choices)
        self.offer("tag", tag_choices(self.viewer))
        self.offer("source", Member.Source.choices)
        segments = Segment.objects.visible_to(self.viewer).filter(is_archived=False)
        self.offer("segment", segments.order_by("name").values_list("pk", "name"))
        if asked := self.data.get("snapshot", "") if self.is_bound else "":
            found = snapshot_selectors.visible_part(text=asked, viewer=self.viewer)
            self.offer("snapshot", [(asked, part_in_words(*found))] if found else [])
        else:
            del self.fields["snapshot"]
        self.custom = custom_fields.specs_of_choices(brand_id=self.viewer.brand_id)[:MOST_FILTERS]
        for spec in self.custom:
            self.fields[CUSTOM + spec.key] = forms.ChoiceField(label=spec.label, required=False)
            self.offer(CUSTOM + spec.key, [(each.pk, each.label) for each in spec.offered])

    def custom_chosen(self) -> dict[int, int]:
        """Return the choice that is asked for in each of the brand's own fields."""
        asked = ((spec.pk, self.cleaned_data[CUSTOM + spec.key]) for spec in self.custom)
        return {pk: int(choice) for pk, choice in asked if choice}


def part_in_words(part: Part, snapshots: Sequence[Snapshot]) -> str:
    """Return whom a part of snapshots means, such as "Fans no. 3, not in no. 2"."""
    first, second = snapshots[0], snapshots[-1]
    said = _("%(segment)s no. %(number)s") % {
        "segment": first.segment.name,
        "number": first.number,
    }
    if part.other_id is None:
        return said
    both = _("%(those)s, and in no. %(number)s") if part.is_in_both else ""
    return (both or _("%(those)s, not in no. %(number)s")) % {
        "those": said,
        "number": second.number,
    }


def custom_field(spec: Spec, value: Value) -> forms.Field:
    """Return the control of one of the brand's own fields, filled in with a value.

    An archived choice is offered to who has it.
    """
    common: dict[str, Any] = {
        "label": spec.label,
        "required": spec.is_required,
        "help_text": spec.help,
    }
    if spec.kind in ("choice", "choices"):
        held = value if isinstance(value, tuple) else ()
        offered = [
            (each.pk, each.label)
            for each in spec.choices
            if not each.is_archived or each.pk in held
        ]
        if spec.kind == "choices":
            return forms.TypedMultipleChoiceField(
                choices=offered,
                coerce=int,
                initial=list(held),
                widget=forms.CheckboxSelectMultiple,
                **common,
            )
        return forms.TypedChoiceField(
            choices=[("", _("not known")), *offered],
            coerce=int,
            initial=held[0] if held else "",
            **common,
        )
    attrs = {"number": {"inputmode": "decimal"}, "date": {"type": "date"}}.get(spec.kind, {})
    return forms.CharField(
        initial=custom_rules.shown(spec, value),
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attrs}),
        **common,
    )


class MemberForm(_Choices):
    """What a person can enter about a member."""

    display_name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=80)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=32,
        required=False,
        help_text=_("Kept encrypted; only its last digits are shown."),
    )
    customer_no = forms.CharField(label=_("Customer number"), max_length=64, required=False)
    gender = forms.ChoiceField(label=_("Gender"), required=False, choices=Member.Gender.choices)
    city = forms.ChoiceField(label=_("City"), required=False, widget=QuickSelect)
    home_dealer = forms.ChoiceField(label=_("Home dealer"), required=False, widget=QuickSelect)
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        is_new: bool,
        custom: Sequence[Spec] = (),
        held: Mapping[str, Value] | None = None,
        **kwargs: Any,
    ) -> None:
        """Ask for the phone of a known member only where it changes.

        ``custom`` are the brand's own fields and ``held`` what the member has in them.
        """
        super().__init__(*args, **kwargs)
        self.custom, known = custom, held or {}
        for spec in custom:
            self.fields[CUSTOM + spec.key] = custom_field(spec, known.get(spec.key))
        if not is_new:
            self.fields["phone"].help_text = _("Leave it empty to keep the number there is.")

    @property
    def custom_fields(self) -> list[forms.BoundField]:
        """The brand's own fields."""
        return [self[CUSTOM + spec.key] for spec in self.custom]

    def custom_values(self) -> dict[str, Any]:
        """Return the values of the brand's own fields by key, as the services take them."""
        return {spec.key: self.cleaned_data[CUSTOM + spec.key] or None for spec in self.custom}

    def clean(self) -> dict[str, Any]:
        """Say of each of the brand's own fields what is wrong with it."""
        given = super().clean() or self.cleaned_data
        for spec in self.custom:
            try:
                custom_rules.from_json(spec, given.get(CUSTOM + spec.key))
            except custom_rules.BadValue as bad:
                self.add_error(CUSTOM + spec.key, custom_rules.said(spec, str(bad)))
        return given

    def fill(self) -> None:
        """Offer places; whoever sees the whole brand may leave the dealer open."""
        self.fields["city"].choices = [("", _("not known")), *city_choices()]  # type: ignore[attr-defined]
        dealers = dealer_choices(self.viewer)
        none = [("", _("none"))] if self.viewer.is_brand_wide else []
        self.fields["home_dealer"].choices = [*none, *dealers]  # type: ignore[attr-defined]
        self.fields["home_dealer"].required = not self.viewer.is_brand_wide
