"""Tags given and taken, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.tags import looking_back
from members.tags.models import TagAct, TagChange
from members.timeline.ports import Entry, TimelineSource

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.tags.looking_back import Happened
    from members.timeline.rules import Before

TAG = "tag"
BY_PEOPLE = (TagAct.Source.MANUAL, TagAct.Source.UNDO)
SAID = {
    TagChange.Kind.GIVEN: gettext_lazy("Got the tag “%(tag)s”"),
    TagChange.Kind.CHANGED: gettext_lazy("Keeps the tag “%(tag)s”: source or end changed"),
    TagChange.Kind.TAKEN: gettext_lazy("Lost the tag “%(tag)s”"),
    TagChange.Kind.REPLACED: gettext_lazy("Lost the tag “%(tag)s” to another of its group"),
    TagChange.Kind.BLOCKED: gettext_lazy("The rule leaves the tag “%(tag)s” off"),
    TagChange.Kind.UNBLOCKED: gettext_lazy("The rule decides about the tag “%(tag)s” again"),
}


def tags(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell which tags a member got and lost, by whose word."""
    found = looking_back.of_member(member=member, at=before.at, before=before.key, limit=limit)
    return [
        Entry(
            one.at,
            TAG,
            one.pk,
            f"tag.{one.kind}",
            _said(one) % {"tag": one.tag_name},
            _detail(one),
            url=reverse("members:tags-history", args=[one.tag_id]),
            by=one.by if one.source in BY_PEOPLE else "",
            tone="off" if one.is_undone else "",
            data={
                "tag": one.tag_id,
                "tag_name": one.tag_name,
                "tag_act": one.act_id,
                "source": one.source,
                "is_undone": one.is_undone,
            },
        )
        for one in found
    ]


def _said(one: Happened) -> str:
    if one.kind == TagChange.Kind.CHANGED and one.source == TagAct.Source.RULE:
        return _("Keeps the tag “%(tag)s”, whose rule was deleted")
    return str(SAID[TagChange.Kind(one.kind)])


def _detail(one: Happened) -> str:
    parts = [one.source_label]
    if one.rule_version:
        parts.append(_("version %(number)s") % {"number": one.rule_version})
    if one.is_undone:
        parts.append(_("undone"))
    if one.of_merged:
        parts.append(_("of merged member %(n)s") % {"n": one.of_merged})
    return " · ".join(parts)


SOURCES = {
    TAG: TimelineSource(
        gettext_lazy("Tags"),
        "tag",
        tags,
        order=40,
        tells=frozenset({"tag.given", "tag.taken", "tag.cleared"}),
    )
}
