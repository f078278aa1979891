"""Takes a tag out of use: everybody who has it loses it, or has another instead.

A run walks over the members in stretches. Its last step finds whoever got the tag meanwhile, puts
the other tag into the conditions that name the old one, hands over the history, and deletes the
tag, all in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import services as audit
from core.kernel import formats
from core.kernel.errors import DomainError
from core.runs.ports import RunWords
from members.segments.models import Segment
from members.tags import giving, recording, selectors
from members.tags.models import MemberTag, Tag, TagAct, TagBlock, TagChange, TagRule
from members.tags.recording import BEFORE, DELTAS, woven

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView
    from members.segments.ports import Sql

RETIRE_KIND = "tag_retire"
WORDS = RunWords(
    gettext_lazy("Merging or deleting a tag"),
    {
        "matched": gettext_lazy("had the old tag"),
        "added": gettext_lazy("have the other tag now"),
        "removed": gettext_lazy("tags taken"),
    },
    "tag",
)
MATCHED = """
SELECT held.member_id FROM members_membertag held
WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s
    AND held.member_id > %(low)s AND held.member_id <= %(high)s
"""
TAKE = """
, taken AS (
    DELETE FROM members_membertag held
    WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s
        AND held.member_id > %(low)s AND held.member_id <= %(high)s
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
)
"""
TAKEN = woven(
    "SELECT tag_id, 'taken', member_id, {BEFORE} FROM taken",
    BEFORE=BEFORE,
)
# Who has both keeps the other one as it is, unless a hand gave the old one and a rule the other:
# by hand is stronger. Where the other tag is kept from somebody by hand, or another of its
# exclusive group is held already, that stands.
MOVE = """
, moved AS (
    INSERT INTO members_membertag AS held
        (brand_id, tag_id, member_id, source, author_id, tagged_at, expires_at)
    SELECT %(brand)s, %(into)s, taken.member_id,
        CASE WHEN taken.source = 'rule' THEN 'manual' ELSE taken.source END, taken.author_id,
        taken.tagged_at, taken.expires_at
    FROM taken
    WHERE NOT EXISTS (
        SELECT FROM members_tagblock block WHERE block.brand_id = %(brand)s
            AND block.tag_id = %(into)s AND block.member_id = taken.member_id
    ) AND NOT EXISTS (
        SELECT FROM members_tag tag
        JOIN members_taggroup kind ON kind.brand_id = tag.brand_id AND kind.id = tag.group_id
        JOIN members_tag sibling ON sibling.brand_id = tag.brand_id
            AND sibling.group_id = tag.group_id AND sibling.id NOT IN (tag.id, %(tag)s)
        JOIN members_membertag other ON other.brand_id = tag.brand_id
            AND other.tag_id = sibling.id AND other.member_id = taken.member_id
        WHERE tag.brand_id = %(brand)s AND tag.id = %(into)s AND kind.is_exclusive
    )
    ON CONFLICT (brand_id, tag_id, member_id) DO UPDATE SET source = excluded.source,
        author_id = excluded.author_id, tagged_at = least(held.tagged_at, excluded.tagged_at),
        expires_at = CASE WHEN held.source = 'rule' THEN excluded.expires_at
            WHEN held.expires_at IS NULL OR excluded.expires_at IS NULL THEN NULL
            ELSE greatest(held.expires_at, excluded.expires_at) END
    WHERE excluded.source = 'manual' AND held.source <> 'manual'
    RETURNING new.tag_id, new.member_id, old.source, old.author_id, old.tagged_at, old.expires_at
)
"""
MOVED = woven(
    """
    UNION ALL SELECT tag_id, CASE WHEN source IS NULL THEN 'given' ELSE 'changed' END, member_id,
        {BEFORE} FROM moved
""",
    BEFORE=BEFORE,
)
COUNTS = """
SELECT count(*), count(*) FILTER (WHERE both_held), count(*) FILTER (WHERE NOT both_held AND kept)
FROM (
    SELECT EXISTS (
        SELECT FROM members_membertag other WHERE other.brand_id = %(brand)s
            AND other.tag_id = %(into)s AND other.member_id = held.member_id
    ) AS both_held, EXISTS (
        SELECT FROM members_tagblock block WHERE block.brand_id = %(brand)s
            AND block.tag_id = %(into)s AND block.member_id = held.member_id
    ) AS kept
    FROM members_membertag held WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s
) AS people
"""


class TagInUse(DomainError):
    """Members have the tag, a rule gives it, or conditions ask for it."""

    code = "tag_in_use"


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging would do: to how many members, and to which conditions."""

    people: int
    both: int
    kept_away: int
    mentions: list[selectors.Mention]


def preview(*, tag: Tag, into: Tag) -> MergePreview:
    """Return what merging a tag into another would do now; nothing is written."""
    values = {"brand": tag.brand_id, "tag": tag.pk, "into": into.pk}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, values)
        people, both, kept_away = cursor.fetchone()
    return MergePreview(people, both, kept_away, selectors.mentions_of(tag=tag))


def check_conditions(*, tag: Tag, into: Tag | None) -> None:
    """Refuse where conditions name the tag, unless they can name the other one instead.

    Raises:
        TagInUse: naming where.
    """
    if TagRule.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).exists():
        raise TagInUse(_("A rule gives this tag. Delete the rule first."))
    mentions = selectors.mentions_of(tag=tag)
    if mentions and into is None:
        names = formats.listed([each.name for each in mentions[:5]])
        raise TagInUse(_("These ask for the tag: %(names)s.") % {"names": names})
    if into is not None and tag.pk in selectors.tags_behind_rule(tag=into):
        text = _("The rule of “%(tag)s” asks for “%(old)s” and would ask for the tag it gives.")
        raise TagInUse(text % {"tag": into.name, "old": tag.name})


class RetireRun(giving.Walk):
    """Takes a tag from everybody who has it, gives them the other one, and deletes it."""

    def bring_in_line(
        self, *, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        """Take, and give instead, within a stretch."""
        into_id = run.params.get("into_id")
        wanted = [run.params["tag_id"], *([into_id] if into_id else [])]
        recording.hold(brand_id=run.brand_id, tag_ids=wanted)
        if Tag.objects.filter(brand_id=run.brand_id, pk__in=wanted).count() < len(wanted):
            raise giving.TagGone(_("One of the tags is gone. What was done until then stays."))
        return self._retire(run, actor, span, now)

    def finish(self, *, run: RunView, actor: Viewer, counts: dict[str, int], now: datetime) -> None:
        """Bring the latecomers in line, rewrite the conditions, delete the tag."""
        tag = Tag.objects.select_for_update().or_gone(
            brand_id=run.brand_id, pk=run.params["tag_id"]
        )
        into_id = run.params.get("into_id")
        into = Tag.objects.filter(brand_id=run.brand_id, pk=into_id).first() if into_id else None
        check_conditions(tag=tag, into=into)
        late = self._retire(run, actor, (0, 2**62), now)
        for name, number in late.items():
            counts[name] = counts.get(name, 0) + number
        if into is not None:
            rewrite(tag=tag, into=into, actor=actor, now=now)
            old = TagChange.objects.filter(brand_id=run.brand_id, tag_id=tag.pk)
            old.update(tag_id=into.pk)
        word = "tag.merged" if into else "tag.deleted"
        data = {"count": counts["removed"], "tag": tag.name}
        audit.record(action=word, subject=into or tag, actor=actor, now=now, data=data)
        remove_row(tag=tag)

    def _retire(
        self, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        into_id = run.params.get("into_id")
        values: dict[str, Any] = recording.act_values(
            brand_id=run.brand_id,
            source=TagAct.Source.MERGE if into_id else TagAct.Source.DELETION,
            actor=actor,
            now=now,
            run_id=run.id,
        )
        values |= {"tag": run.params["tag_id"], "into": into_id, "low": span[0], "high": span[1]}
        text = TAKE + (MOVE if into_id else "") + DELTAS + TAKEN + (MOVED if into_id else "")
        matched: Sql = recording.placed(MATCHED, values)
        done = recording.carry_out(matched=matched, changes=text, values=values)
        return giving.counted(done)


def rewrite(*, tag: Tag, into: Tag, actor: Viewer, now: datetime) -> None:
    """Let every condition that names a tag name the other one."""
    mentions = selectors.mentions_of(tag=tag)
    ids = {
        kind: [each.pk for each in mentions if each.kind == kind] for kind in ("segment", "rule")
    }
    segments = list(
        Segment.objects.select_for_update().filter(pk__in=ids["segment"]).order_by("pk")
    )
    for segment in segments:
        segment.tree = renamed(segment.tree, tag.pk, into.pk)
        segment.version, segment.updated_at = segment.version + 1, now
        data = {"fields": ["tree"]}
        audit.record(action="segment.changed", subject=segment, actor=actor, now=now, data=data)
    Segment.objects.bulk_update(segments, ["tree", "version", "updated_at"])
    rows = TagRule.objects.select_for_update(of=["self"]).filter(pk__in=ids["rule"])
    rules = list(rows.select_related("tag").order_by("pk"))
    for rule in rules:
        rule.tree, rule.version = renamed(rule.tree, tag.pk, into.pk), rule.version + 1
        audit.record(action="tag_rule.saved", subject=rule.tag, actor=actor, now=now)
    TagRule.objects.bulk_update(rules, ["tree", "version"])


def renamed(node: Any, old: int, new: int) -> Any:
    """Return a tree in which one tag stands for another; each tag is named once."""
    if "items" in node:
        return node | {"items": [renamed(item, old, new) for item in node["items"]]}
    if node.get("field") != selectors.TAG_FIELD:
        return node
    value = node["value"]
    named = value["in"] if isinstance(value, dict) else value
    ids = list(dict.fromkeys(new if each == old else each for each in named))
    return node | {"value": value | {"in": ids} if isinstance(value, dict) else ids}


def remove_row(*, tag: Tag) -> None:
    """Delete a tag that nobody has; its history stays."""
    TagBlock.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).delete()
    if MemberTag.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).exists():
        raise AssertionError("whoever had the tag has lost it")
    tag.delete()
