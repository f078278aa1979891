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

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import services as audit
from core.kernel.access import system_viewer
from core.kernel.errors import DomainError
from core.lists import ports as lists
from core.lists import selectors as list_selectors
from core.runs.ports import RunWords, Step
from members.profiles.models import Member
from members.segments import selectors as segment_selectors
from members.segments.ports import Sql
from members.tags import handing, recording
from members.tags.counting import count_tags
from members.tags.models import Tag, TagAct, TagRule

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from core.runs.ports import RunView

RULE_KIND, SELECTION_KIND = "tag_rule", "tag_members"
MEMBER_LIST = "members"  # in core.lists
STRETCH = 200_000
COUNTS = {
    "matched": _("meet the conditions"),
    "added": _("tags given"),
    "removed": _("tags taken"),
    "replaced": _("other tags of the group taken"),
    "full": _("left out: they have as many tags as allowed"),
}
RULE_WORDS = RunWords(_("Tag rule"), COUNTS, "tag")
SELECTION_WORDS = RunWords(_("Tagging"), COUNTS, "tag")


class TagGone(DomainError):
    """Somebody deleted the tag, or merged it into another, since this was asked for."""

    code = "tag_gone"


class Walk:
    """What these runs share: stretches, counting, the end."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Bring the tags of the next stretch of members in line."""
        reach = dict(run.cursor) or self._reach(run.brand_id)
        low, high = int(reach["at"]), int(reach["end"])
        span = (low, min(low + STRETCH, high))
        counts = self.bring_in_line(run=run, actor=actor, span=span, now=now)
        known = run_counts(run)
        total = {name: known.get(name, 0) + counts.get(name, 0) for name in {**known, **counts}}
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


class RuleRun(Walk):
    """Gives a rule's tag to whoever meets its conditions now, and takes it from those who do not.

    What people decided stands: tags given by hand are not taken, and nobody gets a tag back that
    somebody took off by hand.
    """

    def bring_in_line(
        self, *, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        """Give and take within a stretch."""
        tag = tag_held(run=run)
        values = recording.act_values(
            brand_id=run.brand_id,
            source=TagAct.Source.RULE,
            actor=actor,
            now=now,
            run_id=run.id,
            rule_version=run.params.get("version"),
        )
        matched = _matched(run, span, dealer_ids=None)
        done = handing.follow_rule(tag=tag, matched=matched, span=span, values=values)
        return counted(done)

    def finish(self, *, run: RunView, actor: Viewer, counts: dict[str, int], now: datetime) -> None:
        """Note when the rule was applied, and count the tag."""
        rule = TagRule.objects.filter(tag_id=run.params["tag_id"]).first()
        if rule is not None:
            rule.applied_at = now
            rule.save(update_fields=["applied_at"])
        count_tags(brand_id=run.brand_id, now=now, tag_ids=[run.params["tag_id"]])


class SelectionRun(Walk):
    """Gives or takes a tag by hand, within the person's scope.

    For everybody who meets a tree, or who stands in the list of members as it was narrowed.
    """

    def bring_in_line(
        self, *, run: RunView, actor: Viewer, span: tuple[int, int], now: datetime
    ) -> dict[str, int]:
        """Give or take within a stretch."""
        tag = tag_held(run=run)
        values = recording.act_values(
            brand_id=run.brand_id,
            source=TagAct.Source.MANUAL,
            actor=actor,
            now=now,
            run_id=run.id,
        )
        matched = _matched(run, span, dealer_ids=actor.dealer_ids)
        if run.params["act"] == "give":
            values["expires"] = _ends(run)
            return counted(handing.give(tag=tag, matched=matched, values=values))
        return counted(handing.take(tag=tag, matched=matched, values=values))

    def finish(self, *, run: RunView, actor: Viewer, counts: dict[str, int], now: datetime) -> None:
        """Tell the trail, and count the tag."""
        tag = Tag.objects.get(pk=run.params["tag_id"])
        word = "tag.given_to_many" if run.params["act"] == "give" else "tag.taken_from_many"
        number = counts["added"] + counts["removed"]
        audit.record(action=word, subject=tag, actor=actor, now=now, data={"count": number})
        count_tags(brand_id=run.brand_id, now=now, tag_ids=[tag.pk])


def tag_held(*, run: RunView) -> Tag:
    """Return the run's tag, held against other acts on it.

    Raises:
        TagGone: somebody deleted or merged it since.
    """
    tag_id = run.params["tag_id"]
    recording.hold(brand_id=run.brand_id, tag_ids=[tag_id])
    tag = Tag.objects.select_related("group").filter(brand_id=run.brand_id, pk=tag_id).first()
    if tag is None:
        raise TagGone(gettext("The tag is gone: somebody deleted it or merged it into another."))
    segment_selectors.prepare()
    return tag


def counted(done: dict[str, int]) -> dict[str, int]:
    """Return what a statement did, in the words of ``COUNTS``."""
    counts = {
        "matched": done["matched"],
        "added": done.get("given", 0) + done.get("changed", 0),
        "removed": done.get("taken", 0),
    }
    more = {name: done[name] for name in ("replaced", "full") if done.get(name)}
    return counts | more


def _ends(run: RunView) -> datetime | None:
    text = run.params.get("expires")
    return datetime.fromisoformat(text) if text else None


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
    return Sql(found.sql, found.params)


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
    return Sql(text, tuple(params))
