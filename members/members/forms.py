from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.organizations.models import City, Dealer
from members.profiles.models import Member, Stage
from members.segments.models import Segment
from members.snapshots import selectors as snapshot_selectors
from members.tags.models import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.utils.safestring import SafeString

    from core.kernel.access import Viewer
    from members.snapshots.models import Snapshot
    from members.snapshots.rules import Part

ANY = ("", _("Any"))


class QuickSelect(forms.Select):
    """A select drawn without a template per option: cities and dealers have over a thousand."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Draw options, under their headings where they have one; no template is asked."""
        chosen = "" if value is None else str(value)
        attributes = self.build_attrs(self.attrs, (attrs or {}) | {"name": name})
        pieces = [
            ("<optgroup label='{}'>{}</optgroup>", label, self._drawn(inner, chosen))
            if isinstance(inner, (list, tuple))
            else ("{}{}", "", self._drawn([(label, inner)], chosen))
            for label, inner in self.choices
        ]
        body = format_html_join("", "{}", ((_format(*piece),) for piece in pieces))
        flat = format_html_join("", ' {}="{}"', attributes.items())
        return _format("<select{}>{}</select>", flat, body)

    def _drawn(self, choices: Iterable[tuple[Any, Any]], chosen: str) -> SafeString:
        return format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, " selected" if str(key) == chosen else "", label) for key, label in choices),
        )


def _format(pattern: str, *values: Any) -> SafeString:
    return format_html_join("", pattern, [values])


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
    for city in City.objects.order_by("code"):
        groups.setdefault(city.province_name, []).append((city.code, city.short_name))
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
    tag = forms.ChoiceField(label=pgettext_lazy("noun", "Tag"), required=False, widget=QuickSelect)
    source = forms.ChoiceField(label=_("Source"), required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False, widget=QuickSelect)
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


class MemberForm(_Choices):
    """What a person can enter about a member."""

    display_name = forms.CharField(label=_("Name"), max_length=80)
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

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        """Ask for the phone of a known member only where it changes."""
        super().__init__(*args, **kwargs)
        if not is_new:
            self.fields["phone"].help_text = _("Leave it empty to keep the number there is.")

    def fill(self) -> None:
        """Offer places; whoever sees the whole brand may leave the dealer open."""
        self.fields["city"].choices = [("", _("not known")), *city_choices()]  # type: ignore[attr-defined]
        dealers = dealer_choices(self.viewer)
        none = [("", _("none"))] if self.viewer.is_brand_wide else []
        self.fields["home_dealer"].choices = [*none, *dealers]  # type: ignore[attr-defined]
        self.fields["home_dealer"].required = not self.viewer.is_brand_wide
