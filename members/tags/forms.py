from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.segments.models import Segment
from members.tags.models import Tag, TagGroup

if TYPE_CHECKING:
    from core.kernel.access import Viewer


class GroupForm(forms.Form):
    """A group of tags."""

    name = forms.CharField(label=_("Name"), max_length=40)
    is_exclusive = forms.BooleanField(
        label=_("A member has one of these tags at most"), required=False
    )


class TagForm(forms.Form):
    """A tag's name, and for a new one its group."""

    name = forms.CharField(label=_("Name"), max_length=40)
    group = forms.ModelChoiceField(
        label=_("Group"), queryset=TagGroup.objects.none(), empty_label=_("Choose a group")
    )

    def __init__(self, *args: Any, viewer: Viewer, is_new: bool = True, **kwargs: Any) -> None:
        """Offer the brand's groups; a tag stays in its group."""
        super().__init__(*args, **kwargs)
        if is_new:
            groups = TagGroup.objects.visible_to(viewer).order_by("pk")
            self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        else:
            del self.fields["group"]


class GiveForm(forms.Form):
    """Which tag, for whom: a segment, or the members ticked in a list."""

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
        tags = Tag.objects.visible_to(viewer).select_related("group").order_by("group_id", "pk")
        field: Any = self.fields["tag"]
        field.queryset = tags
        groups: dict[str, list[tuple[int, str]]] = {}
        for tag in tags:
            groups.setdefault(tag.group.name, []).append((tag.pk, tag.name))
        field.choices = [("", _("Choose a tag")), *groups.items()]
        segment: Any = self.fields["segment"]
        segment.queryset = Segment.objects.visible_to(viewer)


class HeldForm(forms.Form):
    """One more tag for one member."""

    tag = forms.ModelChoiceField(label=pgettext_lazy("noun", "Tag"), queryset=Tag.objects.none())

    def __init__(self, *args: Any, viewer: Viewer, held: set[int], **kwargs: Any) -> None:
        """Offer the tags that the member does not have."""
        super().__init__(*args, **kwargs)
        tags = Tag.objects.visible_to(viewer).exclude(pk__in=held)
        field: Any = self.fields["tag"]
        field.queryset = tags.select_related("group").order_by("group_id", "pk")
        groups: dict[str, list[tuple[int, str]]] = {}
        for tag in field.queryset:
            groups.setdefault(tag.group.name, []).append((tag.pk, tag.name))
        field.choices = [("", _("Choose a tag")), *groups.items()]


class RuleForm(forms.Form):
    """The conditions under which a tag is given."""

    tree = forms.CharField(label=_("Conditions"), widget=forms.Textarea, max_length=60_000)
    is_active = forms.BooleanField(label=_("Apply every night"), required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
