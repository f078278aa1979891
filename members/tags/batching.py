"""Many members' tags in one REST call: given and taken by hand, in one statement, as one act.

A row is judged alone; what it asks for happens whole or not at all. The number of queries does not
depend on how many rows, members or tags there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from members.profiles.models import Member
from members.tags import handing, recording
from members.tags.models import MemberTag, Tag, TagAct
from members.tags.recording import BEFORE, DELTAS, NOTHING, woven

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from core.kernel.access import Viewer

MOST_TAGS = 50  # that one row names
MOST_ID = 2**63 - 1
FIELDS = ("member", "customer_no", "give", "take")
REASONS: dict[str, _StrPromise] = {
    "unknown_field": _("There is no field of this name"),
    "wrong_type": _("Not of the right type"),
    "required": _("Name the member by number or by customer number"),
    "member_twice": _("Name the member by one of the two, not by both"),
    "member_unknown": _("There is no such member"),
    "duplicate": _("Already in row %(other)s; that row counts"),
    "too_many": _("More than 50 tags in one row"),
    "tag": _("There is no tag “%(other)s”"),
    "tag_ambiguous": _("Several groups have a tag “%(other)s”; name the group"),
    "give_and_take": _("Both given and taken: “%(other)s”"),
    "tags_exclusive": _("Two tags of a group of which one member has one: %(other)s"),
    "too_many_tags": _("The member would have more tags than the brand allows"),
}


@dataclass(slots=True)
class Row:
    """What became of one row; ``problems`` are field, code and what the words name."""

    number: int
    outcome: str = "refused"
    id: int | None = None
    give: list[Tag] = field(default_factory=list)
    take: list[Tag] = field(default_factory=list)
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    def refuse(self, name: str, code: str, other: object = "") -> None:
        """Note that the row stays out."""
        self.problems.append((name, code, str(other)[:80]))

    def told(self) -> list[tuple[str, str, str]]:
        """Return field, code and words of each problem."""
        return [
            (name, code, str(REASONS[code]) % {"other": other})
            for name, code, other in self.problems
        ]


def bring_in(*, rows: Sequence[Mapping[str, Any]], actor: Viewer, now: datetime) -> list[Row]:
    """Give and take what the rows ask for, and return what became of each, in their order."""
    results = [Row(number) for number in range(1, len(rows) + 1)]
    for row, asked in zip(results, rows, strict=True):
        _check_shape(row, asked)
    _find_members(results, rows, actor)
    _find_tags(results, rows, actor.brand_id)
    tags = {tag.pk: tag for row in results for tag in (*row.give, *row.take)}
    recording.hold(brand_id=actor.brand_id, tag_ids=tags)
    _refuse_exclusive(results)
    _refuse_full(results, actor.brand_id)
    good = [row for row in results if not row.problems]
    changed = _carry_out(good, actor, now)
    for row in good:
        row.outcome = "updated" if row.id in changed else "unchanged"
    return results


def _check_shape(row: Row, asked: Mapping[str, Any]) -> None:
    for name in asked:
        if name not in FIELDS:
            row.refuse(name[:80], "unknown_field")
    member, customer = asked.get("member"), asked.get("customer_no")
    if member is not None and type(member) is not int:
        row.refuse("member", "wrong_type")
    if customer is not None and type(customer) is not str:
        row.refuse("customer_no", "wrong_type")
    if (member is None) == (not customer):
        row.refuse("member", "required" if member is None else "member_twice")
    named = 0
    for name in ("give", "take"):
        tags = asked.get(name)
        if tags is not None and not (
            isinstance(tags, list) and all(type(tag) in {int, str} for tag in tags)
        ):
            row.refuse(name, "wrong_type")
        named += len(tags) if isinstance(tags, list) else 0
    if named > MOST_TAGS:
        row.refuse("give", "too_many")


def _find_members(results: Sequence[Row], rows: Sequence[Mapping[str, Any]], actor: Viewer) -> None:
    asked = [
        (row, (each.get("member"), each.get("customer_no")))
        for row, each in zip(results, rows, strict=True)
        if not row.problems
    ]
    ids = [pk for _row, (pk, _no) in asked if pk is not None and 0 < pk <= MOST_ID]
    numbers = [number for _row, (_pk, number) in asked if number]
    wanted = Q(pk__in=ids) | Q(customer_no__in=numbers)
    found = Member.objects.visible_to(actor).filter(wanted).values_list("pk", "customer_no")
    by_number = {number: pk for pk, number in found if number}
    known = {pk for pk, _number in found}
    first_rows: dict[int, int] = {}
    for row, (pk, number) in asked:
        member = by_number.get(number or "") if pk is None else pk
        name = "customer_no" if pk is None else "member"
        if member not in known:
            row.refuse(name, "member_unknown")
        elif member in first_rows:
            row.refuse(name, "duplicate", first_rows[member])
        else:
            row.id, first_rows[member] = member, row.number


def _find_tags(results: Sequence[Row], rows: Sequence[Mapping[str, Any]], brand_id: int) -> None:
    asked = [(row, each) for row, each in zip(results, rows, strict=True) if not row.problems]
    named = {
        name
        for _row, each in asked
        for name in (*(each.get("give") or ()), *(each.get("take") or ()))
    }
    known = _tags_of(named, brand_id)
    for row, each in asked:
        for name, into in (("give", row.give), ("take", row.take)):
            for tag in dict.fromkeys(each.get(name) or ()):
                found = known.get(tag.strip().lower() if isinstance(tag, str) else tag, ())
                if len(found) == 1:
                    into.append(found[0])
                else:
                    row.refuse(name, "tag_ambiguous" if found else "tag", tag)
        row.give, row.take = list(dict.fromkeys(row.give)), list(dict.fromkeys(row.take))
        for tag in set(row.give) & set(row.take):
            row.refuse("take", "give_and_take", tag.name)


def _tags_of(named: Collection[int | str], brand_id: int) -> Mapping[int | str, list[Tag]]:
    """Return tags by id, by "group/name" and by name; several where a name means several."""
    ids = [each for each in named if isinstance(each, int) and 0 < each <= MOST_ID]
    texts = {each.strip().lower() for each in named if isinstance(each, str)}
    # A name may hold a slash itself, so each part after one may be it.
    names = texts | {
        text[at + 1 :] for text in texts for at, letter in enumerate(text) if letter == "/"
    }
    rows = Tag.objects.select_related("group").alias(low=Lower("name"))
    found: dict[int | str, list[Tag]] = defaultdict(list)
    for tag in rows.filter(Q(pk__in=ids) | Q(low__in=names), brand_id=brand_id).order_by("pk"):
        name = tag.name.lower()
        for key in (tag.pk, name, f"{tag.group.name.lower()}/{name}"):
            found[key].append(tag)
    return found


def _refuse_exclusive(results: Iterable[Row]) -> None:
    for row in results:
        of_group: dict[int, list[str]] = defaultdict(list)
        for tag in row.give:
            if tag.group.is_exclusive:
                of_group[tag.group_id].append(tag.name)
        for names in of_group.values():
            if len(names) > 1:
                row.refuse("give", "tags_exclusive", ", ".join(names))


def _refuse_full(results: Iterable[Row], brand_id: int) -> None:
    """Refuse what would leave a member with more tags than allowed."""
    giving = [row for row in results if row.give and not row.problems]
    held: dict[int, dict[int, int]] = defaultdict(dict)
    rows = MemberTag.objects.filter(
        brand_id=brand_id, member_id__in=[row.id for row in giving]
    ).values_list("member_id", "tag_id", "tag__group_id")
    for member, tag, group in rows:
        held[member][tag] = group
    most = handing.limits_of(brand_id=brand_id).per_member
    for row in giving:
        mine = held[row.id or 0]
        replaced = {tag.group_id for tag in row.give if tag.group.is_exclusive}
        gone = {tag.pk for tag in row.take}
        left = {tag for tag, group in mine.items() if tag not in gone and group not in replaced}
        if any(tag.pk not in mine for tag in row.give):
            after = len(left | {tag.pk for tag in row.give})
            if after > most and after > len(mine):
                row.refuse("give", "too_many_tags")


CHANGES = woven(
    """
asked (member_id, tag_id, gives) AS MATERIALIZED (
    SELECT * FROM unnest(%(members)s::bigint[], %(tags)s::bigint[], %(gives)s::boolean[])
), replaced AS (
    DELETE FROM members_membertag other
    USING asked, members_tag tag, members_taggroup kind, members_tag sibling
    WHERE asked.gives AND tag.brand_id = %(brand)s AND tag.id = asked.tag_id
        AND kind.brand_id = %(brand)s AND kind.id = tag.group_id AND kind.is_exclusive
        AND sibling.brand_id = %(brand)s AND sibling.group_id = kind.id AND sibling.id <> tag.id
        AND other.brand_id = %(brand)s AND other.tag_id = sibling.id
        AND other.member_id = asked.member_id
        AND NOT EXISTS (
            SELECT FROM asked also WHERE also.member_id = other.member_id
                AND also.tag_id = other.tag_id
        )
    RETURNING other.tag_id, other.member_id, other.source, other.author_id, other.tagged_at,
        other.expires_at
), given AS (
    INSERT INTO members_membertag AS held
        (brand_id, tag_id, member_id, source, author_id, tagged_at, expires_at)
    SELECT %(brand)s, asked.tag_id, asked.member_id, 'manual', %(author)s, %(now)s, NULL
    FROM asked WHERE asked.gives
    ON CONFLICT (brand_id, tag_id, member_id) DO UPDATE SET source = 'manual',
        author_id = excluded.author_id, expires_at = NULL,
        tagged_at = CASE WHEN held.source = 'manual' THEN held.tagged_at
            ELSE excluded.tagged_at END
    WHERE held.source <> 'manual' OR held.expires_at IS NOT NULL
    RETURNING new.tag_id, new.member_id, old.source, old.author_id, old.tagged_at, old.expires_at
), cleared AS (
    DELETE FROM members_tagblock block USING asked
    WHERE asked.gives AND block.brand_id = %(brand)s AND block.tag_id = asked.tag_id
        AND block.member_id = asked.member_id
    RETURNING block.tag_id, block.member_id
), taken AS (
    DELETE FROM members_membertag held USING asked
    WHERE NOT asked.gives AND held.brand_id = %(brand)s AND held.tag_id = asked.tag_id
        AND held.member_id = asked.member_id
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
), blocked AS (
    INSERT INTO members_tagblock (brand_id, tag_id, member_id, author_id, created_at)
    SELECT %(brand)s, asked.tag_id, asked.member_id, %(author)s, %(now)s FROM asked
    JOIN members_tagrule rule ON rule.brand_id = %(brand)s AND rule.tag_id = asked.tag_id
    WHERE NOT asked.gives
    ON CONFLICT DO NOTHING RETURNING tag_id, member_id
)
{DELTAS}
    SELECT tag_id, CASE WHEN source IS NULL THEN 'given' ELSE 'changed' END, member_id,
        {BEFORE} FROM given
    UNION ALL SELECT tag_id, 'unblocked', member_id, {NOTHING} FROM cleared
    UNION ALL SELECT tag_id, 'replaced', member_id, {BEFORE} FROM replaced
    UNION ALL SELECT tag_id, 'taken', member_id, {BEFORE} FROM taken
    UNION ALL SELECT tag_id, 'blocked', member_id, {NOTHING} FROM blocked
""",
    DELTAS=DELTAS,
    BEFORE=BEFORE,
    NOTHING=NOTHING,
)
STATEMENT = woven(
    "WITH {CHANGES} {RECORD} SELECT DISTINCT member_id FROM deltas",
    CHANGES=CHANGES,
    RECORD=recording.RECORD,
)


def _carry_out(rows: Iterable[Row], actor: Viewer, now: datetime) -> set[int]:
    """Give and take in one statement; return for whom anything changed."""
    asked = [
        (row.id, tag.pk, gives)
        for row in rows
        for tags, gives in ((row.give, True), (row.take, False))
        for tag in tags
    ]
    if not asked:
        return set()
    values = recording.act_values(
        brand_id=actor.brand_id, source=TagAct.Source.MANUAL, actor=actor, now=now
    )
    names = ("members", "tags", "gives")
    values |= dict(zip(names, map(list, zip(*asked, strict=True)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        return {member_id for (member_id,) in cursor.fetchall()}
