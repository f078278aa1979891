from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.group_building.models import BuildRule, BuildRun, GroupingKey
from communities.group_building.services import RuleWanted
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from core.kernel.periods import within_years
from members.segments.models import Segment
from members.tags.models import TagGroup

if TYPE_CHECKING:
    from core.kernel.access import Viewer


def _clock() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class RuleForm(forms.Form):
    """Who is put together, in what, by what, under which names. The service judges."""

    name = forms.CharField(label=_("Name"), max_length=80)
    segment = forms.ModelChoiceField(
        label=_("Who"), queryset=Segment.objects.none(), required=False, empty_label=_("Everybody")
    )
    promotes = forms.BooleanField(
        label=_("Its segment counts as promoted"),
        required=False,
        help_text=_("For kinds that ask for orders: everybody of the segment enters on your word."),
    )
    kind = forms.ChoiceField(
        label=_("Kind of community"), choices=Kind.choices, widget=forms.RadioSelect
    )
    group_by = forms.MultipleChoiceField(
        label=_("One community per"),
        choices=GroupingKey.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Several together: one per combination. None: a single community for all."),
    )
    tag_group = forms.ModelChoiceField(
        label=_("Interests are the tags of"),
        queryset=TagGroup.objects.none(),
        required=False,
        empty_label=_("No tag group"),
        help_text=_("For grouping by interest. Who has several goes to that of the oldest tag."),
    )
    room_cap = forms.IntegerField(
        label=_("Members per room"),
        min_value=policy_rules.MIN_CAP,
        max_value=policy_rules.MAX_CAP,
        required=False,
        help_text=_("Left empty, as the policy of the kind says."),
    )
    topic = forms.CharField(label=_("Topic"), max_length=40, required=False)
    event = forms.CharField(label=_("Event"), max_length=policy_rules.EVENT_LENGTH, required=False)
    starts_at = forms.DateTimeField(
        label=_("Starts"), required=False, validators=[within_years], widget=_clock()
    )
    ends_at = forms.DateTimeField(
        label=pgettext_lazy("community", "Ends"),
        required=False,
        validators=[within_years],
        widget=_clock(),
        help_text=_("Needed where communities of the kind end with their event; they then close."),
    )
    name_template = forms.CharField(
        label=_("Name template"),
        max_length=policy_rules.TEMPLATE_LENGTH,
        required=False,
        help_text=_("Left empty, as the policy of the kind says. {n} is the number of the room."),
    )
    skip = forms.ChoiceField(
        label=_("Leave out who has a seat"),
        choices=BuildRule.Skip.choices,
        initial=BuildRule.Skip.SAME_KIND,
        widget=forms.RadioSelect,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the segments in use."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["segment"]
        field.queryset = (
            Segment.objects.visible_to(viewer).filter(is_archived=False).order_by("name")
        )
        groups: Any = self.fields["tag_group"]
        groups.queryset = TagGroup.objects.visible_to(viewer).order_by("name")

    @property
    def wanted(self) -> RuleWanted:
        """Return what was filled in."""
        chosen = self.cleaned_data
        return RuleWanted(
            name=chosen["name"],
            kind=chosen["kind"],
            group_by=tuple(chosen["group_by"]),
            segment_id=chosen["segment"].pk if chosen["segment"] else None,
            room_cap=chosen["room_cap"],
            name_template=chosen["name_template"],
            topic=chosen["topic"],
            skip=chosen["skip"],
            promotes=chosen["promotes"],
            tag_group_id=chosen["tag_group"].pk if chosen["tag_group"] else None,
            event=chosen["event"],
            starts_at=chosen["starts_at"],
            ends_at=chosen["ends_at"],
        )


class RunFilterForm(forms.Form):
    """What the list of runs can be narrowed by."""

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *BuildRun.State.choices], required=False
    )
    rule = forms.ModelChoiceField(
        label=_("Rule"),
        queryset=BuildRule.objects.none(),
        required=False,
        empty_label=_("Any rule"),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the viewer's rules, archived ones too: their runs are history."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["rule"]
        field.queryset = BuildRule.objects.visible_to(viewer).order_by("name")
