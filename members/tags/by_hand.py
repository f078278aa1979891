"""What people give and take: for members they point at, for a segment, for a list."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.errors import InvalidInput, NotFound
from core.lists import selectors as lists
from core.organizations.models import Brand
from core.runs import services as runs
from members.profiles.models import Member
from members.segments import selectors as segment_selectors
from members.tags import batching, counting, handing, recording
from members.tags.giving import MEMBER_LIST, SELECTION_KIND
from members.tags.models import Tag, TagAct, TagRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import QueryDict  # noqa: TID251  only the type

    from core.kernel.access import Viewer
    from core.runs.models import Run
    from members.segments.models import Segment

MOST_BY_HAND = 5_000
LONGEST_TIME = timedelta(days=3_660)
ONE_TO_MANY = {
    "tag.given": "tag.given_to_many",
    "tag.taken": "tag.taken_from_many",
    "tag.cleared": "tag.cleared_for_many",
}

# Against their going alone: others may give tags to the same people at the same time.
HOLD = """
SELECT id FROM members_member WHERE brand_id = %s AND id = ANY(%s::bigint[])
ORDER BY id FOR KEY SHARE
"""


@transaction.atomic
def tag_members(
    *,
    tag: Tag,
    member_ids: Sequence[int],
    actor: Viewer,
    now: datetime,
    expires_at: datetime | None = None,
) -> int:
    """Give a tag by hand to members the actor may see; return how many got it newly.

    What rules gave becomes the person's word; an earlier "not this one" is forgotten. In an
    exclusive group it takes the place of the others. Who has it already keeps it until
    ``expires_at``, which None means for good.

    Raises:
        InvalidInput: too many at once (larger sets go through ``tag_by_tree``), an end that is
            past, or members who have as many tags as allowed.
    """
    check_end(expires_at=expires_at, now=now)
    held, ids = _held(tag), _held_members(member_ids, actor)
    values = _values(held, actor, now) | {"expires": expires_at}
    done = handing.give(tag=held, matched=handing.people(ids), values=values)
    if full := done.get("full"):
        most = handing.limits_of(brand_id=tag.brand_id).per_member
        text = _(
            "%(count)s of these members have %(most)s tags, as many as allowed. Take some away"
            " first, or raise the limit on the page of tags."
        )
        counts = {"count": formats.grouped(full), "most": formats.grouped(most)}
        raise InvalidInput.on("/member_ids", text % counts, "too_many_tags")
    number = done.get("given", 0)
    _told("tag.given", held, ids, number or done.get("changed", 0), actor, now)
    return number


@transaction.atomic
def untag_members(*, tag: Tag, member_ids: Sequence[int], actor: Viewer, now: datetime) -> int:
    """Take a tag by hand from members the actor may see; return how many had it.

    Where a rule gives the tag, it leaves these members alone from now on.

    Raises:
        InvalidInput: too many at once.
    """
    held, ids = _held(tag), _held_members(member_ids, actor)
    values = _values(held, actor, now)
    done = handing.take(tag=held, matched=handing.people(ids), values=values)
    _told("tag.taken", held, ids, done.get("taken", 0), actor, now)
    return done.get("taken", 0)


@transaction.atomic
def clear_members(*, tag: Tag, member_ids: Sequence[int], actor: Viewer, now: datetime) -> int:
    """Leave it to the tag's rule again whether these members have it; return for how many.

    Who has it by hand keeps it until the rule is next applied; whom the rule had to leave alone
    gets it then, if they meet its conditions.

    Raises:
        InvalidInput: too many at once, or the tag has no rule.
    """
    held, ids = _held(tag), _held_members(member_ids, actor)
    if not TagRule.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).exists():
        raise InvalidInput.on(
            "/member_ids", _("This tag has no rule that could decide. Give or take it by hand.")
        )
    done = handing.clear(tag=held, member_ids=ids, values=_values(held, actor, now))
    number = done.get("changed", 0) + done.get("unblocked", 0)
    _told("tag.cleared", held, ids, number, actor, now)
    return number


@transaction.atomic
def tag_rows(
    *, rows: Sequence[Mapping[str, Any]], actor: Viewer, now: datetime
) -> list[batching.Row]:
    """Give and take tags by hand as rows of a program ask, each for one member in sight.

    Rows mean what ``tag_members`` and ``untag_members`` do; see ``batching``.

    Raises:
        Forbidden: the actor may not edit tags.
    """
    actor.require(Permission.TAGS_EDIT)
    results = batching.bring_in(rows=rows, actor=actor, now=now)
    counts = Counter(row.outcome for row in results)
    if counts["updated"]:
        brand = Brand.objects.get(pk=actor.brand_id)
        data = {name: counts[name] for name in ("updated", "unchanged", "refused")}
        audit.record(action="tag.batch", subject=brand, actor=actor, now=now, data=data)
    return results


@transaction.atomic
def tag_by_tree(
    *,
    tag: Tag,
    tree: Any,
    title: str,
    act: str,
    actor: Viewer,
    now: datetime,
    expires_at: datetime | None = None,
) -> Run:
    """Leave a tag to be given to (or, with ``act`` "take", taken from) all who meet a tree.

    Within the actor's scope, as of ``now``.

    Raises:
        InvalidInput: the tree is wrong, or ``expires_at`` is past.
    """
    segment_selectors.parse(tree=tree, brand_id=actor.brand_id)
    return _start(tag, {"tree": tree}, title, act, actor, now, expires_at)


@transaction.atomic
def tag_listed(
    *,
    tag: Tag,
    query: QueryDict,
    act: str,
    actor: Viewer,
    now: datetime,
    expires_at: datetime | None = None,
) -> Run:
    """Leave a tag to be given to, or taken from, all in the list of members as it is narrowed.

    Within the actor's scope, as of ``now``.

    Raises:
        InvalidInput: a filter of the address cannot be read, or ``expires_at`` is past.
    """
    source = lists.known_list(key=MEMBER_LIST, viewer=actor)
    kept = lists.checked(source=source, query=query, viewer=actor)
    text = (
        _("Tag “%(tag)s” for the filtered list")
        if act == "give"
        else _("Take tag “%(tag)s” from the filtered list")
    )
    title = text % {"tag": tag.name}
    return _start(tag, {"query": lists.sealed(kept)}, title, act, actor, now, expires_at)


def tag_segment(
    *,
    tag: Tag,
    segment: Segment,
    act: str,
    actor: Viewer,
    now: datetime,
    expires_at: datetime | None = None,
) -> Run:
    """Leave a tag to be given to, or taken from, a segment; see ``tag_by_tree``."""
    text = (
        _("Tag “%(tag)s” for “%(segment)s”")
        if act == "give"
        else _("Take tag “%(tag)s” from “%(segment)s”")
    )
    return tag_by_tree(
        tag=tag,
        tree=segment.tree,
        title=text % {"tag": tag.name, "segment": segment.name},
        act=act,
        actor=actor,
        now=now,
        expires_at=expires_at,
    )


def check_end(*, expires_at: datetime | None, now: datetime) -> None:
    """Refuse an end that is past, or so far away that it is a slip of the keyboard.

    Raises:
        InvalidInput: on ``/expires_at``.
    """
    if expires_at is not None and expires_at <= now:
        text = _("This time is past. Choose a later one, or leave it empty for a tag that stays.")
        raise InvalidInput.on("/expires_at", text, "past")
    if expires_at is not None and expires_at > now + LONGEST_TIME:
        text = _("At most ten years ahead. Leave it empty for a tag that stays.")
        raise InvalidInput.on("/expires_at", text, "too_far")


def _start(
    tag: Tag,
    whom: dict[str, Any],
    title: str,
    act: str,
    actor: Viewer,
    now: datetime,
    expires_at: datetime | None,
) -> Run:
    check_end(expires_at=expires_at, now=now)
    more = {"expires": expires_at.isoformat()} if expires_at and act == "give" else {}
    return runs.start_run(
        kind=SELECTION_KIND,
        title=title,
        params={"tag_id": tag.pk, "act": act, "as_of": now.isoformat(), **whom, **more},
        unit="members",
        subject_url=f"/members/tags/{tag.pk}/",
        actor=actor,
        now=now,
    )


def _held(tag: Tag) -> Tag:
    """Return the tag as it is now, held against other acts on it until the transaction ends."""
    recording.hold(brand_id=tag.brand_id, tag_ids=[tag.pk])
    found = Tag.objects.select_related("group").filter(brand_id=tag.brand_id, pk=tag.pk).first()
    if found is None:
        raise NotFound(_("The tag is gone: somebody deleted it or merged it into another."))
    return found


def _values(tag: Tag, actor: Viewer, now: datetime) -> dict[str, Any]:
    return recording.act_values(
        brand_id=tag.brand_id, source=TagAct.Source.MANUAL, actor=actor, now=now
    )


def _told(
    action: str, tag: Tag, ids: Sequence[int], number: int, actor: Viewer, now: datetime
) -> None:
    """Tell the trail of one member where it is one, else of the tag."""
    if number:
        if tag.member_count is None:  # Loaded past the services, so there was nothing to move.
            counting.count_tags(brand_id=tag.brand_id, now=now, tag_ids=[tag.pk])
        one = len(ids) == 1
        subject = Member.objects.or_gone(pk=ids[0]) if one else tag
        told = action if one else ONE_TO_MANY[action]
        data = {"count": number, "tag_id": tag.pk, "tag": tag.name}
        audit.record(action=told, subject=subject, actor=actor, now=now, data=data)


def _held_members(member_ids: Sequence[int], actor: Viewer) -> list[int]:
    """Lock those in sight, after the tag as a deletion does; who is gone is left out."""
    if len(member_ids) > MOST_BY_HAND:
        text = _("At most %d members at once. Use a segment for more.") % MOST_BY_HAND
        raise InvalidInput.on("/member_ids", text, "too_many")
    rows = Member.objects.visible_to(actor).filter(pk__in=member_ids)
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [actor.brand_id, list(rows.values_list("pk", flat=True))])
        return [pk for (pk,) in cursor.fetchall()]
