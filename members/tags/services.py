from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import services as audit
from core.kernel import formats
from core.kernel.access import system_viewer
from core.kernel.errors import DomainError, InvalidInput, StaleVersion
from core.lists import selectors as lists
from core.runs import services as runs
from members.profiles.models import Member
from members.segments import selectors as segment_selectors
from members.tags import counting, selectors
from members.tags.giving import MEMBER_LIST, RULE_KIND, SELECTION_KIND
from members.tags.models import MemberTag, Tag, TagBlock, TagGroup, TagRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import QueryDict  # noqa: TID251  only the type

    from core.kernel.access import Viewer
    from core.runs.models import Run
    from members.segments.models import Segment

MOST_BY_HAND = 5_000
ONE_TO_MANY = {"tag.given": "tag.given_to_many", "tag.taken": "tag.taken_from_many"}
NAME_TAKEN = {
    "members_taggroup_one_per_name": gettext_lazy("Another group has this name."),
    "members_tag_one_per_name": gettext_lazy("The group has a tag of this name."),
}


class TagInUse(DomainError):
    """Members have the tag, or a rule gives it."""

    code = "tag_in_use"


@transaction.atomic
def create_group(*, name: str, is_exclusive: bool, actor: Viewer, now: datetime) -> TagGroup:
    """Add a group of tags.

    Raises:
        InvalidInput: the name is taken.
    """
    group = TagGroup(brand_id=actor.brand_id, name=name.strip(), is_exclusive=is_exclusive)
    _store(group)
    audit.record(action="tag_group.created", subject=group, actor=actor, now=now)
    return group


@transaction.atomic
def change_group(
    *, group: TagGroup, changes: Mapping[str, Any], actor: Viewer, now: datetime
) -> TagGroup:
    """Rename a group, or let members have one of its tags only.

    Raises:
        InvalidInput: the name is taken, or somebody has two of its tags already.
    """
    held = TagGroup.objects.select_for_update().get(pk=group.pk)
    becomes_exclusive = changes.get("is_exclusive", False) and not held.is_exclusive
    if becomes_exclusive and selectors.has_several_of(group=held):
        raise InvalidInput.on("/is_exclusive", _("Some members have several tags of this group."))
    for name in ("name", "is_exclusive"):
        if name in changes:
            setattr(held, name, changes[name])
    _store(held)
    audit.record(action="tag_group.changed", subject=held, actor=actor, now=now)
    return held


@transaction.atomic
def create_tag(*, group: TagGroup, name: str, actor: Viewer, now: datetime) -> Tag:
    """Add a tag to a group.

    Raises:
        InvalidInput: the group has a tag of this name.
    """
    tag = Tag(
        brand_id=actor.brand_id,
        group=group,
        name=name.strip(),
        created_at=now,
        member_count=0,
        counted_at=now,
    )
    _store(tag)
    audit.record(action="tag.created", subject=tag, actor=actor, now=now)
    return tag


@transaction.atomic
def rename_tag(*, tag: Tag, name: str, actor: Viewer, now: datetime) -> Tag:
    """Rename a tag; members, rules and segments keep it.

    Raises:
        InvalidInput: the group has a tag of this name.
    """
    held = Tag.objects.select_for_update().get(pk=tag.pk)
    held.name = name.strip()
    _store(held)
    audit.record(action="tag.renamed", subject=held, actor=actor, now=now)
    return held


@transaction.atomic
def delete_tag(*, tag: Tag, actor: Viewer, now: datetime) -> None:
    """Delete a tag that nobody has and nothing names.

    Raises:
        TagInUse: somebody has it, a rule gives it, or a segment asks for it.
    """
    held = Tag.objects.select_for_update().get(pk=tag.pk)
    if TagRule.objects.filter(tag=held).exists():
        raise TagInUse(_("A rule gives this tag. Delete the rule first."))
    if MemberTag.objects.filter(brand_id=held.brand_id, tag_id=held.pk).exists():
        raise TagInUse(_("Members have this tag. Take it from them first."))
    if names := selectors.trees_naming(tag=held):
        raise TagInUse(
            _("These ask for the tag: %(names)s.") % {"names": formats.listed(names[:5])}
        )
    audit.record(action="tag.deleted", subject=held, actor=actor, now=now)
    TagBlock.objects.filter(brand_id=held.brand_id, tag_id=held.pk).delete()
    held.delete()


@transaction.atomic
def tag_members(*, tag: Tag, member_ids: Sequence[int], actor: Viewer, now: datetime) -> int:
    """Give a tag by hand to members the actor may see; return how many got it newly.

    What rules gave becomes the person's word; an earlier "not this one" is forgotten. In an
    exclusive group it takes the place of the others.

    Raises:
        InvalidInput: too many at once; larger sets go through ``tag_by_tree``.
    """
    ids = _visible(member_ids, actor)
    pairs = MemberTag.objects.filter(brand_id=tag.brand_id, member_id__in=ids)
    if tag.group.is_exclusive:
        pairs.filter(tag__group_id=tag.group_id).exclude(tag_id=tag.pk).delete()
    TagBlock.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk, member_id__in=ids).delete()
    had = set(pairs.filter(tag_id=tag.pk).values_list("member_id", flat=True))
    pairs.filter(tag_id=tag.pk).exclude(source=MemberTag.Source.MANUAL).update(
        source=MemberTag.Source.MANUAL, author_id=actor.staff_id, tagged_at=now, expires_at=None
    )
    MemberTag.objects.bulk_create(
        [
            MemberTag(
                brand_id=tag.brand_id,
                tag=tag,
                member_id=pk,
                source=MemberTag.Source.MANUAL,
                author_id=actor.staff_id,
                tagged_at=now,
            )
            for pk in ids
            if pk not in had
        ],
        ignore_conflicts=True,
    )
    return _told("tag.given", tag, ids, len(ids) - len(had), actor, now)


@transaction.atomic
def untag_members(*, tag: Tag, member_ids: Sequence[int], actor: Viewer, now: datetime) -> int:
    """Take a tag by hand from members the actor may see; return how many had it.

    Where a rule gives the tag, it leaves these members alone from now on.

    Raises:
        InvalidInput: too many at once.
    """
    ids = _visible(member_ids, actor)
    pairs = MemberTag.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk, member_id__in=ids)
    taken, _by_model = pairs.delete()
    if TagRule.objects.filter(tag=tag).exists():
        TagBlock.objects.bulk_create(
            [
                TagBlock(
                    brand_id=tag.brand_id,
                    tag=tag,
                    member_id=pk,
                    author_id=actor.staff_id,
                    created_at=now,
                )
                for pk in ids
            ],
            ignore_conflicts=True,
        )
    return _told("tag.taken", tag, ids, taken, actor, now)


def _told(
    action: str, tag: Tag, ids: Sequence[int], number: int, actor: Viewer, now: datetime
) -> int:
    """Tell the trail of one member where it is one, else of the tag; return ``number``."""
    if number:
        one = len(ids) == 1
        subject = Member.objects.get(pk=ids[0]) if one else tag
        told = action if one else ONE_TO_MANY[action]
        data = {"count": number, "tag_id": tag.pk, "tag": tag.name}
        audit.record(action=told, subject=subject, actor=actor, now=now, data=data)
        # Whoever gives a tag by hand sees it counted at once; counting all anew would take long.
        change = number if action == "tag.given" else -number
        counted = Tag.objects.filter(brand_id=tag.brand_id, pk=tag.pk)
        counted.update(member_count=Greatest(F("member_count") + change, 0))
    return number


def count_anew(*, brand_id: int, now: datetime) -> None:
    """Count who has each tag, after many were given past these services."""
    counting.count_tags(brand_id=brand_id, now=now)


def _visible(member_ids: Sequence[int], actor: Viewer) -> list[int]:
    if len(member_ids) > MOST_BY_HAND:
        text = _("At most %d members at once. Use a segment for more.") % MOST_BY_HAND
        raise InvalidInput.on("/member_ids", text, "too_many")
    rows = Member.objects.visible_to(actor).filter(pk__in=member_ids)
    # In the order of the key, so that two people tagging the same members cannot deadlock.
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def tag_by_tree(*, tag: Tag, tree: Any, title: str, act: str, actor: Viewer, now: datetime) -> Run:
    """Leave a tag to be given to (or, with ``act`` "take", taken from) all who meet a tree.

    Within the actor's scope, as of ``now``.

    Raises:
        InvalidInput: the tree is wrong.
    """
    segment_selectors.parse(tree=tree, brand_id=actor.brand_id)
    return runs.start_run(
        kind=SELECTION_KIND,
        title=title,
        params={"tag_id": tag.pk, "tree": tree, "act": act, "as_of": now.isoformat()},
        unit="members",
        subject_url=f"/members/tags/{tag.pk}/",
        actor=actor,
        now=now,
    )


@transaction.atomic
def tag_listed(*, tag: Tag, query: QueryDict, act: str, actor: Viewer, now: datetime) -> Run:
    """Leave a tag to be given to, or taken from, all in the list of members as it is narrowed.

    Within the actor's scope, as of ``now``.

    Raises:
        InvalidInput: a filter of the address cannot be read.
    """
    source = lists.known_list(key=MEMBER_LIST, viewer=actor)
    kept = lists.checked(source=source, query=query, viewer=actor)
    text = (
        _("Tag “%(tag)s” for the filtered list")
        if act == "give"
        else _("Take tag “%(tag)s” from the filtered list")
    )
    return runs.start_run(
        kind=SELECTION_KIND,
        title=text % {"tag": tag.name},
        params={
            "tag_id": tag.pk,
            "query": lists.sealed(kept),
            "act": act,
            "as_of": now.isoformat(),
        },
        unit="members",
        subject_url=f"/members/tags/{tag.pk}/",
        actor=actor,
        now=now,
    )


def tag_segment(*, tag: Tag, segment: Segment, act: str, actor: Viewer, now: datetime) -> Run:
    """Leave a tag to be given to, or taken from, a segment; see ``tag_by_tree``."""
    text = (
        _("Tag “%(tag)s” for “%(segment)s”")
        if act == "give"
        else _("Take tag “%(tag)s” from “%(segment)s”")
    )
    title = text % {"tag": tag.name, "segment": segment.name}
    return tag_by_tree(tag=tag, tree=segment.tree, title=title, act=act, actor=actor, now=now)


@transaction.atomic
def save_rule(
    *,
    tag: Tag,
    tree: Any,
    is_active: bool,
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> TagRule:
    """Make or change the rule that gives a tag. It takes effect when it is applied.

    Raises:
        InvalidInput: the tree is wrong, or would ask for the tag it gives.
        StaleVersion: somebody changed the rule since ``version``.
    """
    try:
        root = segment_selectors.check(tree=tree, brand_id=actor.brand_id)
        whole = segment_selectors.resolve(node=root, brand_id=actor.brand_id)
    except InvalidInput as refusal:
        raise refusal.below("/tree") from refusal
    if tag.pk in selectors.tags_named(tree=whole):
        raise InvalidInput.on("/tree", _("The conditions ask for the very tag that they give."))
    rule = TagRule.objects.select_for_update().filter(tag=tag).first()
    if rule is None:
        rule = TagRule(brand_id=tag.brand_id, tag=tag, version=0)
    elif version is not None and rule.version != version:
        raise StaleVersion(_("Somebody changed this rule meanwhile. Reload it and try again."))
    rule.tree, rule.is_active, rule.version = root.json, is_active, rule.version + 1
    rule.save()
    audit.record(action="tag_rule.saved", subject=tag, actor=actor, now=now)
    return rule


@transaction.atomic
def delete_rule(*, tag: Tag, actor: Viewer, now: datetime) -> None:
    """Delete a tag's rule; who has the tag keeps it. Idempotent."""
    deleted, _by_model = TagRule.objects.filter(tag=tag).delete()
    if deleted:
        MemberTag.objects.filter(
            brand_id=tag.brand_id, tag_id=tag.pk, source=MemberTag.Source.RULE
        ).update(source=MemberTag.Source.MANUAL)
        TagBlock.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).delete()
        audit.record(action="tag_rule.deleted", subject=tag, actor=actor, now=now)


@transaction.atomic
def apply_rule(*, rule: TagRule, actor: Viewer, now: datetime) -> Run:
    """Leave the rule to be applied to every member of the brand, as of ``now``."""
    return runs.start_run(
        kind=RULE_KIND,
        title=_("Apply the rule of tag “%(tag)s”") % {"tag": rule.tag.name},
        params={"tag_id": rule.tag_id, "tree": rule.tree, "as_of": now.isoformat()},
        unit="members",
        subject_url=f"/members/tags/{rule.tag_id}/",
        actor=actor,
        now=now,
    )


@transaction.atomic
def apply_active_rules(*, brand_id: int, now: datetime) -> int:
    """Leave every rule that is to be applied by itself, unless it is under way; return how many."""
    actor, started = system_viewer(brand_id), 0
    for rule in TagRule.objects.filter(brand_id=brand_id, is_active=True).select_related("tag"):
        if not selectors.open_runs(tag=rule.tag).exists():
            apply_rule(rule=rule, actor=actor, now=now)
            started += 1
    return started


@transaction.atomic
def remove_expired(*, brand_id: int, now: datetime, limit: int = 10_000) -> int:
    """Take away tags whose time is up, at most ``limit``; return how many."""
    due = MemberTag.objects.filter(brand_id=brand_id, expires_at__lte=now)
    pairs = list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])
    for _brand, tag_id in {pair[:2] for pair in pairs}:
        members = [member for _b, tag, member in pairs if tag == tag_id]
        due.filter(tag_id=tag_id, member_id__in=members).delete()
    return len(pairs)


def _store(row: TagGroup | Tag) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        for constraint, text in NAME_TAKEN.items():
            if constraint in str(error):
                raise InvalidInput.on("/name", str(text), "name_taken") from error
        raise
