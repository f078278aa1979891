"""Runs that give or take a tag: by a rule, or for everybody in a segment or a selection.

A run walks over the brand's member ids in stretches. Each step is one statement that finds who
meets the conditions within the stretch and brings the tags in line; it commits together with how
far the run came, so that a killed worker repeats nothing and skips nothing. The conditions mean
the moment at which the run was started, however long it takes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.audit import services as audit
from core.kernel.access import system_viewer
from core.lists import ports as lists
from core.lists import selectors as list_selectors
from core.runs.ports import RunWords, Step
from members.profiles.models import Member
from members.segments import selectors as segment_selectors
from members.segments.ports import Sql
from members.tags.counting import count_tags
from members.tags.models import Tag, TagRule

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from core.runs.ports import RunView

RULE_KIND, SELECTION_KIND = "tag_rule", "tag_members"
MEMBER_LIST = "members"  # in core.lists
STRETCH = 200_000
COUNTS = {"matched": _("meet the conditions"), "added": _("tags given"), "removed": _("tags taken")}
RULE_WORDS = RunWords(_("Tag rule"), COUNTS, "tag")
SELECTION_WORDS = RunWords(_("Tagging"), COUNTS, "tag")

# A rule leaves those alone who have another tag of an exclusive group: somebody decided that.
ONE_OF_GROUP = """
 AND NOT EXISTS (
    SELECT FROM members_membertag other
    JOIN members_tag sibling ON sibling.brand_id = other.brand_id AND sibling.id = other.tag_id
    WHERE other.brand_id = %s AND other.member_id = matched.member_id
      AND sibling.group_id = %s AND sibling.id <> %s
 )
"""
GIVE = """
, added AS (
    INSERT INTO members_membertag (brand_id, tag_id, member_id, source, author_id, tagged_at)
    SELECT %s, %s, matched.member_id, %s, %s, %s FROM matched WHERE TRUE
"""

RESULT = """
 SELECT (SELECT count(*) FROM matched), (SELECT count(*) FROM added),
        (SELECT count(*) FROM removed)
"""


class _Walk:
    """What both kinds of runs share: stretches, counting, the end."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Bring the tags of the next stretch of members in line."""
        reach = dict(run.cursor) or self._reach(run.brand_id)
        low, high = int(reach["at"]), int(reach["end"])
        span = (low, min(low + STRETCH, high))
        counts = self.bring_in_line(run=run, actor=actor, span=span, now=now)
        known = run_counts(run)
        total = {name: known.get(name, 0) + counts[name] for name in counts}
        finished = span[1] >= high
        if finished:
            self.finish(run=run, actor=actor, counts=total, now=now)
        return Step(
            cursor={"at": span[1], "end": high, "start": reach["start"], "counts": total},
            done=span[1] - int(reach["start"]),
            total=max(high - int(reach["start"]), 0),
            result={"counts": total},
            finished=finished,
        )

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave the tags as far as the run came; what was done is right as it is."""

    def bring_in_line(
        self, *, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        """Give and take within a stretch and return the counts."""
        raise AssertionError("each kind says how")

    def finish(self, *, run: RunView, actor: Viewer, counts: dict[str, int], now: datetime) -> None:
        """Keep what the whole run came to."""
        raise AssertionError("each kind says how")

    def _reach(self, brand_id: int) -> dict[str, int]:
        rows = Member.objects.filter(brand_id=brand_id)
        first = rows.order_by("pk").values_list("pk", flat=True).first() or 1
        last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
        return {"at": first - 1, "start": first - 1, "end": max(last, first - 1)}


def run_counts(run: RunView) -> dict[str, int]:
    """Return what the run counted up to its last finished step."""
    counts: dict[str, int] = run.cursor.get("counts", {})
    return counts


class RuleRun(_Walk):
    """Gives a rule's tag to whoever meets its conditions now, and takes it from those who do not.

    What people decided stands: tags given by hand are not taken, and nobody gets a tag back that
    somebody took off by hand.
    """

    def bring_in_line(
        self, *, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        """Give and take within a stretch."""
        tag = Tag.objects.select_related("group").get(pk=run.params["tag_id"])
        matched = _matched(run, span, dealer_ids=None)
        added = _give(tag, "rule", None, now) + Sql(
            " AND NOT EXISTS (SELECT FROM members_tagblock block WHERE block.brand_id = %s"
            " AND block.tag_id = %s AND block.member_id = matched.member_id)",
            (tag.brand_id, tag.pk),
        )
        removed = Sql(
            ", removed AS (DELETE FROM members_membertag held WHERE held.brand_id = %s"
            " AND held.tag_id = %s AND held.source = 'rule' AND held.member_id > %s"
            " AND held.member_id <= %s AND NOT EXISTS (SELECT FROM matched"
            " WHERE matched.member_id = held.member_id) RETURNING 1)",
            (tag.brand_id, tag.pk, *span),
        )
        return _execute(matched + added + " ON CONFLICT DO NOTHING RETURNING 1)" + removed)

    def finish(self, *, run: RunView, actor: Viewer, counts: dict[str, int], now: datetime) -> None:
        """Note when the rule was applied, and count the tag."""
        rule = TagRule.objects.filter(tag_id=run.params["tag_id"]).first()
        if rule is not None:
            rule.applied_at = now
            rule.save(update_fields=["applied_at"])
        count_tags(brand_id=run.brand_id, now=now, tag_ids=[run.params["tag_id"]])


class SelectionRun(_Walk):
    """Gives or takes a tag by hand, within the person's scope.

    For everybody who meets a tree, or who stands in the list of members as it was narrowed.
    """

    def bring_in_line(
        self, *, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        """Give or take within a stretch."""
        tag = Tag.objects.select_related("group").get(pk=run.params["tag_id"])
        matched = _matched(run, span, dealer_ids=actor.dealer_ids)
        if run.params["act"] == "give":
            matched += _replace(tag)
            tail = _give(tag, "manual", actor.staff_id, now) + (
                " ON CONFLICT (brand_id, tag_id, member_id) DO UPDATE SET source = 'manual',"
                " author_id = EXCLUDED.author_id, tagged_at = EXCLUDED.tagged_at, expires_at = NULL"
                " WHERE members_membertag.source <> 'manual' RETURNING 1)"
            )
            return _execute(matched + tail + _unblock(tag) + ", removed AS (SELECT 1 WHERE FALSE)")
        return _execute(matched + ", added AS (SELECT 1 WHERE FALSE)" + _take(tag, actor, now))

    def finish(self, *, run: RunView, actor: Viewer, counts: dict[str, int], now: datetime) -> None:
        """Tell the trail, and count the tag."""
        tag = Tag.objects.get(pk=run.params["tag_id"])
        word = "tag.given_to_many" if run.params["act"] == "give" else "tag.taken_from_many"
        number = counts["added"] + counts["removed"]
        audit.record(action=word, subject=tag, actor=actor, now=now, data={"count": number})
        count_tags(brand_id=run.brand_id, now=now, tag_ids=[tag.pk])


def _matched(run: RunView, span: tuple[int, int], *, dealer_ids: Any) -> Sql:
    if "query" in run.params:
        return _listed(run, span, dealer_ids)
    found = segment_selectors.member_ids_sql(
        tree=run.params["tree"],
        brand_id=run.brand_id,
        dealer_ids=dealer_ids,
        now=datetime.fromisoformat(run.params["as_of"]),
        span=span,
    )
    return Sql(found.sql, found.params).within("WITH matched AS MATERIALIZED (", ")")


def _listed(run: RunView, span: tuple[int, int], dealer_ids: Any) -> Sql:
    """Whoever stands in the list of members as its address narrowed it."""
    source = lists.source_of(MEMBER_LIST)
    if source is None or source.rows_within is None:
        raise AssertionError("the list of members is registered and can be walked")
    rows = source.rows_within(
        viewer=replace(system_viewer(run.brand_id), dealer_ids=dealer_ids),
        query=list_selectors.opened(run.params["query"]),
        now=datetime.fromisoformat(run.params["as_of"]),
        span=span,
    )
    text, params = rows.order_by().values_list("pk").query.sql_with_params()
    found = Sql(text, tuple(params))
    return found.within("WITH matched (member_id) AS MATERIALIZED (", ")")


def _give(tag: Tag, source: str, author_id: int | None, now: datetime) -> Sql:
    given = Sql(GIVE, (tag.brand_id, tag.pk, source, author_id, now))
    if tag.group.is_exclusive and source == "rule":
        given += Sql(ONE_OF_GROUP, (tag.brand_id, tag.group_id, tag.pk))
    return given


def _replace(tag: Tag) -> Sql:
    """In an exclusive group, what a person gives takes the place of the others."""
    if not tag.group.is_exclusive:
        return Sql()
    return Sql(
        ", replaced AS (DELETE FROM members_membertag other USING matched, members_tag sibling"
        " WHERE other.brand_id = %s AND other.member_id = matched.member_id"
        " AND sibling.brand_id = other.brand_id AND sibling.id = other.tag_id"
        " AND sibling.group_id = %s AND sibling.id <> %s)",
        (tag.brand_id, tag.group_id, tag.pk),
    )


def _unblock(tag: Tag) -> Sql:
    return Sql(
        ", cleared AS (DELETE FROM members_tagblock block USING matched WHERE block.brand_id = %s"
        " AND block.tag_id = %s AND block.member_id = matched.member_id)",
        (tag.brand_id, tag.pk),
    )


def _take(tag: Tag, actor: Viewer, now: datetime) -> Sql:
    taken = Sql(
        ", removed AS (DELETE FROM members_membertag held USING matched WHERE held.brand_id = %s"
        " AND held.tag_id = %s AND held.member_id = matched.member_id RETURNING held.member_id)",
        (tag.brand_id, tag.pk),
    )
    if not TagRule.objects.filter(tag_id=tag.pk).exists():
        return taken
    # The rule must not give it back.
    return taken + Sql(
        ", blocked AS (INSERT INTO members_tagblock"
        " (brand_id, tag_id, member_id, author_id, created_at)"
        " SELECT %s, %s, matched.member_id, %s, %s FROM matched ON CONFLICT DO NOTHING)",
        (tag.brand_id, tag.pk, actor.staff_id, now),
    )


def _execute(sql: Sql) -> dict[str, int]:
    segment_selectors.prepare()
    with connection.cursor() as cursor:
        cursor.execute((sql + RESULT).text, sql.params)
        matched, added, removed = cursor.fetchone()
    return {"matched": matched, "added": added, "removed": removed}
