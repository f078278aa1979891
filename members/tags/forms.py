from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.periods import within_years
from core.kernel.versions import VersionInput
from members.segments.models import Segment
from members.tags.models import Tag, TagGroup, TagLimits

if TYPE_CHECKING:
    from core.kernel.access import Viewer


class GroupForm(forms.Form):
    """A group of tags."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_exclusive = forms.BooleanField(
        label=_("A member has one of these tags at most"), required=False
    )


class GroupEditForm(GroupForm):
    """A group that there is."""

    version = VersionInput()


class TagForm(forms.Form):
    """A tag's name, and for a new one its group; a tag that there is stays in its own."""

    name = forms.CharField(label=_("Name"), max_length=80)
    group = forms.ModelChoiceField(
        label=_("Group"), queryset=TagGroup.objects.none(), empty_label=_("Choose a group")
    )
    version = VersionInput()

    def __init__(self, *args: Any, viewer: Viewer, is_new: bool = True, **kwargs: Any) -> None:
        """Offer the brand's groups where the tag is new."""
        super().__init__(*args, **kwargs)
        if is_new:
            groups = TagGroup.objects.visible_to(viewer).order_by("pk")
            self.fields["group"].queryset = groups  # type: ignore[attr-defined]
            del self.fields["version"]
        else:
            del self.fields["group"]


class EndForm(forms.Form):
    """When a tag ends: after some days, or with a day; left empty, it stays."""

    ends_in = forms.IntegerField(
        label=_("Ends after days"), required=False, min_value=1, max_value=3650
    )
    ends_on = forms.DateField(
        label=_("or with the day"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Both empty: the tag stays until somebody takes it."),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        """Count the days from ``now``."""
        super().__init__(*args, **kwargs)
        self.now = now

    def clean(self) -> dict[str, Any]:
        """Turn either into the moment, as ``expires_at``."""
        data = super().clean() or self.cleaned_data
        days, day = data.pop("ends_in", None), data.pop("ends_on", None)
        data["expires_at"] = None
        if days and day:
            raise ValidationError({"ends_on": _("Choose one of the two: days or a day.")})
        if day and day < timezone.localdate(self.now):
            raise ValidationError({"ends_on": _("This day is past.")})
        if days:
            data["expires_at"] = self.now + timedelta(days=days)
        elif day:
            midnight = datetime.combine(day + timedelta(days=1), time.min)
            data["expires_at"] = timezone.make_aware(midnight)
        return data


class LimitsForm(forms.Form):
    """How many tags the brand allows itself."""

    tags = forms.IntegerField(label=_("Tags of the brand"), min_value=1, max_value=TagLimits.MOST)
    per_group = forms.IntegerField(
        label=_("Tags in a group"), min_value=1, max_value=TagLimits.MOST
    )
    per_member = forms.IntegerField(
        label=_("Tags of a member"),
        min_value=1,
        max_value=TagLimits.MOST,
        help_text=_("What is there beyond a lower limit stays; nothing is added to it."),
    )
    version = VersionInput()


class MergeForm(forms.Form):
    """Into which other tag; ``sure`` once the consequences were shown."""

    into = forms.ModelChoiceField(label=_("Other tag"), queryset=Tag.objects.none())
    sure = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: Viewer, tag: Tag, **kwargs: Any) -> None:
        """Offer the brand's other tags, under their groups."""
        super().__init__(*args, **kwargs)
        _offer(self.fields["into"], Tag.objects.visible_to(viewer).exclude(pk=tag.pk))


def _offer(field: Any, tags: Any) -> None:
    field.queryset = tags.select_related("group").order_by("group_id", "pk")
    groups: dict[str, list[tuple[int, str]]] = {}
    for tag in field.queryset:
        groups.setdefault(tag.group.name, []).append((tag.pk, tag.name))
    field.choices = [("", _("Choose a tag")), *groups.items()]


class GiveForm(EndForm):
    """Which tag, for whom: a segment, or the members ticked in a list; and until when."""

    tag = forms.ModelChoiceField(label=pgettext_lazy("noun", "Tag"), queryset=Tag.objects.none())
    act = forms.ChoiceField(
        label=_("What to do"),
        choices=[("give", _("Give the tag")), ("take", _("Take the tag away"))],
        widget=forms.RadioSelect,
        initial="give",
    )
    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the brand's tags, under their groups."""
        super().__init__(*args, **kwargs)
        _offer(self.fields["tag"], Tag.objects.visible_to(viewer))
        self.order_fields(["tag", "act", "ends_in", "ends_on", "segment"])
        segment: Any = self.fields["segment"]
        segment.queryset = Segment.objects.visible_to(viewer)


class HeldForm(EndForm):
    """One more tag for one member, or another end for one that the member has."""

    tag = forms.ModelChoiceField(label=pgettext_lazy("noun", "Tag"), queryset=Tag.objects.none())

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer the brand's tags, under their groups."""
        super().__init__(*args, **kwargs)
        _offer(self.fields["tag"], Tag.objects.visible_to(viewer))
        self.order_fields(["tag", "ends_in", "ends_on"])


class RuleForm(forms.Form):
    """The conditions under which a tag is given."""

    tree = forms.CharField(label=_("Conditions"), widget=forms.Textarea, max_length=60_000)
    is_active = forms.BooleanField(label=_("Apply every night"), required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
