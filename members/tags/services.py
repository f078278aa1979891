from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import services as audit
from core.kernel import formats
from core.kernel.access import system_viewer
from core.kernel.errors import InvalidInput
from core.runs import services as runs
from members.tags import counting, handing, recording, retiring, rules, selectors
from members.tags.by_hand import (
    MOST_BY_HAND,
    clear_members,
    tag_by_tree,
    tag_listed,
    tag_members,
    tag_rows,
    tag_segment,
    untag_members,
)
from members.tags.comparing import Looked, look_at, tags_around, tell_difference
from members.tags.from_files import import_sql, import_values
from members.tags.models import MemberTag, Tag, TagAct, TagGroup, TagLimits
from members.tags.recording import hold
from members.tags.retiring import TagInUse
from members.tags.ruling import apply_active_rules, apply_rule, delete_rule, save_rule
from members.tags.undoing import CannotUndo, undo_act

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.models import Run

__all__ = [
    "MOST_BY_HAND",
    "CannotUndo",
    "Looked",
    "TagInUse",
    "apply_active_rules",
    "apply_rule",
    "change_group",
    "change_limits",
    "clear_members",
    "count_anew",
    "create_group",
    "create_tag",
    "delete_rule",
    "delete_tag",
    "hold",
    "import_sql",
    "import_values",
    "look_at",
    "merge_tag",
    "remove_expired",
    "rename_tag",
    "save_rule",
    "tag_by_tree",
    "tag_listed",
    "tag_members",
    "tag_of_import",
    "tag_rows",
    "tag_segment",
    "tags_around",
    "tell_difference",
    "undo_act",
    "untag_members",
]

EXPIRED_AT_ONCE = 50_000
LIMITS = ("tags", "per_group", "per_member")
NAME_TAKEN = {
    "members_taggroup_one_per_name": gettext_lazy(
        "Another group has this name; capitals make no difference."
    ),
    "members_tag_one_per_name": gettext_lazy(
        "The group has a tag of this name; capitals make no difference."
    ),
}


@transaction.atomic
def create_group(*, name: str, is_exclusive: bool, actor: Viewer, now: datetime) -> TagGroup:
    """Add a group of tags.

    Raises:
        InvalidInput: the name is taken, or breaks the policy of names.
    """
    name = rules.checked_name(name)
    group = TagGroup(brand_id=actor.brand_id, name=name, is_exclusive=is_exclusive)
    _store(group)
    audit.record(action="tag_group.created", subject=group, actor=actor, now=now)
    return group


@transaction.atomic
def change_group(
    *,
    group: TagGroup,
    changes: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> TagGroup:
    """Rename a group, or let members have one of its tags only.

    Giving a tag holds its group, so nobody gets a second one while this looks.

    Raises:
        InvalidInput: the name is taken or breaks the policy, or somebody has two of its tags.
        StaleVersion: somebody changed the group since ``version`` was read.
    """
    held = TagGroup.objects.select_for_update().or_gone(pk=group.pk)
    held.require_version(version)
    before = (held.name, held.is_exclusive)
    if changes.get("is_exclusive", False) and not held.is_exclusive:
        if several := selectors.with_several_of(group=held).count():
            text = _(
                "%(count)s members have several tags of this group. Take all but one from each"
                " first; the list of them stands below this form."
            )
            counted = text % {"count": formats.grouped(several)}
            raise InvalidInput.on("/is_exclusive", counted, "several_held")
        held.is_exclusive = True
    elif "is_exclusive" in changes:
        held.is_exclusive = changes["is_exclusive"]
    if "name" in changes:
        held.name = rules.checked_name(changes["name"])
    if (held.name, held.is_exclusive) == before:
        return held
    held.version += 1
    _store(held)
    audit.record(action="tag_group.changed", subject=held, actor=actor, now=now)
    return held


@transaction.atomic
def create_tag(*, group: TagGroup, name: str, actor: Viewer, now: datetime) -> Tag:
    """Add a tag to a group.

    Raises:
        InvalidInput: the group has a tag of this name, the name breaks the policy, or the brand
            or the group has as many tags as allowed.
    """
    tag = Tag(
        brand_id=actor.brand_id,
        group=group,
        name=rules.checked_name(name),
        created_at=now,
        member_count=0,
        counted_at=now,
    )
    _check_room(group)
    _store(tag)
    audit.record(action="tag.created", subject=tag, actor=actor, now=now)
    return tag


@transaction.atomic
def tag_of_import(*, group_name: str, name: str, actor: Viewer, now: datetime) -> Tag:
    """Return the tag that a file names, and make it where the brand has none of the name.

    Raises:
        InvalidInput: see ``create_tag``.
    """
    groups = TagGroup.objects.filter(brand_id=actor.brand_id)
    group = groups.filter(name__iexact=group_name).first()
    if group is None:
        group = create_group(name=group_name, is_exclusive=False, actor=actor, now=now)
    known = Tag.objects.filter(brand_id=actor.brand_id, group=group, name__iexact=name).first()
    return known or create_tag(group=group, name=name, actor=actor, now=now)


def _check_room(group: TagGroup) -> None:
    """Refuse one tag more where the limits are reached; two at once come one after the other."""
    limits = TagLimits.objects.select_for_update().filter(brand_id=group.brand_id).first()
    limits = limits or TagLimits(brand_id=group.brand_id)
    TagGroup.objects.select_for_update().or_gone(pk=group.pk)
    tags = Tag.objects.filter(brand_id=group.brand_id)
    if tags.filter(group_id=group.pk).count() >= limits.per_group:
        text = _("The group has %(most)s tags, as many as allowed. Merge or delete some first.")
        most = formats.grouped(limits.per_group)
        raise InvalidInput.on("/group", text % {"most": most}, "group_full")
    if tags.count() >= limits.tags:
        text = _("The brand has %(most)s tags, as many as allowed. Merge or delete some first.")
        raise InvalidInput.on("/name", text % {"most": formats.grouped(limits.tags)}, "brand_full")


@transaction.atomic
def rename_tag(
    *, tag: Tag, name: str, actor: Viewer, now: datetime, version: int | None = None
) -> Tag:
    """Rename a tag; members, rules and segments keep it.

    Raises:
        InvalidInput: the group has a tag of this name, or the name breaks the policy.
        StaleVersion: somebody changed the tag since ``version`` was read.
    """
    held = Tag.objects.select_for_update().or_gone(pk=tag.pk)
    held.require_version(version)
    was, held.name = held.name, rules.checked_name(name)
    if was != held.name:
        held.version += 1
        _store(held)
        audit.record(action="tag.renamed", subject=held, actor=actor, now=now, data={"was": was})
    return held


@transaction.atomic
def change_limits(
    *, changes: Mapping[str, int], actor: Viewer, now: datetime, version: int | None = None
) -> TagLimits:
    """Set how many tags the brand allows itself; what is there beyond them stays.

    Raises:
        InvalidInput: a number is below 1 or above 100,000.
        StaleVersion: somebody set limits since ``version``, which is 0 for the defaults.
    """
    for name in LIMITS:
        if name in changes and not 1 <= changes[name] <= TagLimits.MOST:
            text = _("Choose a number from 1 to %(most)s.")
            most = formats.grouped(TagLimits.MOST)
            raise InvalidInput.on(f"/{name}", text % {"most": most}, "out_of_range")
    wanted = {name: changes[name] for name in LIMITS if name in changes}
    limits, _is_new = TagLimits.objects.select_for_update().get_or_create(
        brand_id=actor.brand_id, defaults={"version": TagLimits.DEFAULTS}
    )
    limits.require_version(version)
    wanted = {name: number for name, number in wanted.items() if getattr(limits, name) != number}
    if not wanted:
        return limits
    for name, number in wanted.items():
        setattr(limits, name, number)
    limits.version += 1
    limits.save()
    audit.record(action="tag_limits.changed", subject=limits, actor=actor, now=now, data=wanted)
    return limits


@transaction.atomic
def delete_tag(*, tag: Tag, actor: Viewer, now: datetime, typed: str = "") -> Run | None:
    """Delete a tag that nothing names; its history stays.

    Where members have it, its name must be ``typed``, and the run returned takes it from them
    first.

    Raises:
        TagInUse: a rule gives it, a segment or a rule asks for it, or members have it and its
            name was not typed.
    """
    held = Tag.objects.select_for_update().or_gone(pk=tag.pk)
    retiring.check_conditions(tag=held, into=None)
    people = MemberTag.objects.filter(brand_id=held.brand_id, tag_id=held.pk).count()
    if not people:
        audit.record(action="tag.deleted", subject=held, actor=actor, now=now)
        retiring.remove_row(tag=held)
        return None
    if rules.name_in_order(typed) != held.name:
        text = _("%(count)s members have this tag. Type its name to take it from them.")
        raise TagInUse(text % {"count": formats.grouped(people)}, people=people)
    title = _("Delete the tag “%(tag)s”") % {"tag": held.name}
    return _retire(held, None, title, people, actor, now)


@transaction.atomic
def merge_tag(*, tag: Tag, into: Tag, actor: Viewer, now: datetime) -> Run:
    """Leave a tag to be merged into another: its members get that one, and it goes.

    Segments and rules that name the tag name the other one from the end of the run on; the history
    of both is the other's.

    Raises:
        InvalidInput: it is the same tag.
        TagInUse: a rule gives the tag, or the other one's rule asks for it.
    """
    if tag.pk == into.pk:
        raise InvalidInput.on("/into", _("A tag cannot be merged into itself."), "same_tag")
    held = Tag.objects.select_for_update().or_gone(pk=tag.pk)
    retiring.check_conditions(tag=held, into=into)
    people = MemberTag.objects.filter(brand_id=held.brand_id, tag_id=held.pk).count()
    title = _("Merge the tag “%(tag)s” into “%(into)s”") % {"tag": held.name, "into": into.name}
    return _retire(held, into, title, people, actor, now)


def _retire(
    tag: Tag, into: Tag | None, title: str, people: int, actor: Viewer, now: datetime
) -> Run:
    if selectors.retiring_runs(tag=tag).exists():
        raise TagInUse(_("This tag is being merged or deleted already; see Tasks."))
    return runs.start_run(
        kind=retiring.RETIRE_KIND,
        title=title,
        params={"tag_id": tag.pk, "into_id": into and into.pk, "people": people},
        unit="members",
        subject_url=f"/members/tags/{into.pk}/" if into else "/members/tags/",
        actor=actor,
        now=now,
    )


def count_anew(*, brand_id: int, now: datetime) -> None:
    """Count who has each tag, after many were given past these services."""
    counting.count_tags(brand_id=brand_id, now=now)


@transaction.atomic
def remove_expired(*, brand_id: int, now: datetime, limit: int = EXPIRED_AT_ONCE) -> int:
    """Take away tags whose time is up, at most ``limit``; return how many."""
    due = MemberTag.objects.filter(brand_id=brand_id, expires_at__lte=now)
    soonest = due.order_by("expires_at").values_list("tag_id", flat=True)[:limit]
    if not (tag_ids := sorted(set(soonest))):
        return 0
    recording.hold(brand_id=brand_id, tag_ids=tag_ids)
    values = recording.act_values(
        brand_id=brand_id, source=TagAct.Source.EXPIRY, actor=system_viewer(brand_id), now=now
    )
    return handing.expire(tag_ids=tag_ids, limit=limit, values=values).get("taken", 0)


def _store(row: TagGroup | Tag) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        for constraint, text in NAME_TAKEN.items():
            if constraint in str(error):
                raise InvalidInput.on("/name", str(text), "name_taken") from error
        raise
