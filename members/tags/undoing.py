"""Undoing what somebody did by hand, to one member or to a million.

Undo gives back exactly what the act changed: who got the tag loses it, who lost it has it again
from the same source and since the same day, and rules are kept away or let in as before. It
passes over every member whose tag somebody or something changed since: the later word stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import services as audit
from core.kernel.errors import DomainError
from core.runs import services as runs
from core.runs.models import Run
from core.runs.ports import RunWords, Step
from members.segments.ports import Sql
from members.tags import recording
from members.tags.models import Tag, TagAct, TagChange, TagChangeBatch
from members.tags.recording import BEFORE, DELTAS, NOTHING, woven

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView

UNDO_KIND = "tag_undo"
UNDO_FOR = timedelta(days=30)
AT_ONCE = 5_000
STEP = 200  # buckets: two hundred thousand members at most
WORDS = RunWords(
    gettext_lazy("Undo of tagging"),
    {
        "taken": gettext_lazy("tags taken"),
        "given": gettext_lazy("tags given back"),
        "changed": gettext_lazy("sources and ends as before"),
        "skipped": gettext_lazy("changed since, left as they are"),
    },
    "tag",
)

MINE = """
, mine AS MATERIALIZED (
    SELECT change.tag_id, change.kind, batch.id AS batch, batch.bucket, who.member_id, who.source,
        who.author_id, who.tagged_at, who.expires_at
    FROM members_tagchange change
    JOIN members_tag tag ON tag.brand_id = change.brand_id AND tag.id = change.tag_id
    JOIN members_tagchangebatch batch ON batch.brand_id = change.brand_id
        AND batch.change_id = change.id AND batch.bucket >= %(low)s AND batch.bucket < %(high)s
    CROSS JOIN LATERAL unnest(batch.member_ids, batch.sources, batch.author_ids,
        batch.tagged_ats, batch.expires_ats)
        AS who (member_id, source, author_id, tagged_at, expires_at)
    WHERE change.brand_id = %(brand)s AND change.act_id = %(undone)s
), near AS MATERIALIZED (
    SELECT bucket, min(batch) AS batch FROM mine GROUP BY bucket
), later AS MATERIALIZED (
    SELECT change.tag_id, who.member_id, max(batch.id) AS batch
    FROM near JOIN members_tagchangebatch batch
        ON batch.brand_id = %(brand)s AND batch.bucket = near.bucket AND batch.id > near.batch
    JOIN members_tagchange change ON change.brand_id = %(brand)s AND change.id = batch.change_id
        AND change.act_id <> %(undone)s AND change.tag_id IN (SELECT tag_id FROM mine)
    CROSS JOIN LATERAL unnest(batch.member_ids) AS who (member_id)
    GROUP BY change.tag_id, who.member_id
), good AS MATERIALIZED (
    SELECT mine.*, EXISTS (
        SELECT FROM members_tagrule rule
        WHERE rule.brand_id = %(brand)s AND rule.tag_id = mine.tag_id
    ) AS has_rule
    FROM mine LEFT JOIN later USING (tag_id, member_id)
    WHERE later.batch IS NULL OR later.batch < mine.batch
)
"""
# A tag is not given back past its end, nor beside another of a group that allows one.
GIVES_BACK = """
good.kind IN ('taken', 'replaced')
AND (good.expires_at IS NULL OR good.expires_at > %(now)s)
AND EXISTS (SELECT FROM members_member m WHERE m.brand_id = %(brand)s AND m.id = good.member_id)
AND NOT EXISTS (
    SELECT FROM members_tag tag
    JOIN members_taggroup kind ON kind.brand_id = tag.brand_id AND kind.id = tag.group_id
    JOIN members_tag sibling ON sibling.brand_id = tag.brand_id
        AND sibling.group_id = tag.group_id AND sibling.id <> tag.id
    JOIN members_membertag other ON other.brand_id = tag.brand_id AND other.tag_id = sibling.id
        AND other.member_id = good.member_id
    WHERE tag.brand_id = %(brand)s AND tag.id = good.tag_id AND kind.is_exclusive
        AND NOT EXISTS (
            SELECT FROM good going WHERE going.kind = 'given' AND going.tag_id = other.tag_id
                AND going.member_id = other.member_id
        )
)
"""
WAS = "CASE WHEN good.source = 'rule' AND NOT good.has_rule THEN 'manual' ELSE good.source END"
BACK = woven(
    """
, taken AS (
    DELETE FROM members_membertag held USING good
    WHERE good.kind = 'given' AND held.brand_id = %(brand)s AND held.tag_id = good.tag_id
        AND held.member_id = good.member_id
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
), given AS (
    INSERT INTO members_membertag
        (brand_id, tag_id, member_id, source, author_id, tagged_at, expires_at)
    SELECT %(brand)s, good.tag_id, good.member_id, {WAS}, good.author_id, good.tagged_at,
        good.expires_at
    FROM good WHERE {GIVES_BACK}
    ON CONFLICT DO NOTHING RETURNING tag_id, member_id
), changed AS (
    UPDATE members_membertag held SET source = {WAS}, author_id = good.author_id,
        tagged_at = good.tagged_at, expires_at = good.expires_at
    FROM good WHERE good.kind = 'changed' AND held.brand_id = %(brand)s
        AND held.tag_id = good.tag_id AND held.member_id = good.member_id
    RETURNING new.tag_id, new.member_id, old.source, old.author_id, old.tagged_at, old.expires_at
), unblocked AS (
    DELETE FROM members_tagblock block USING good
    WHERE good.kind = 'blocked' AND block.brand_id = %(brand)s AND block.tag_id = good.tag_id
        AND block.member_id = good.member_id
    RETURNING block.tag_id, block.member_id
), blocked AS (
    INSERT INTO members_tagblock (brand_id, tag_id, member_id, author_id, created_at)
    SELECT %(brand)s, good.tag_id, good.member_id, %(author)s, %(now)s
    FROM good WHERE good.kind = 'unblocked' AND good.has_rule AND EXISTS (
        SELECT FROM members_member m WHERE m.brand_id = %(brand)s AND m.id = good.member_id
    )
    ON CONFLICT DO NOTHING RETURNING tag_id, member_id
)
""",
    WAS=WAS,
    GIVES_BACK=GIVES_BACK,
)
UNDONE = woven(
    """
    SELECT tag_id, 'taken', member_id, {BEFORE} FROM taken
    UNION ALL SELECT tag_id, 'given', member_id, {NOTHING} FROM given
    UNION ALL SELECT tag_id, 'changed', member_id, {BEFORE} FROM changed
    UNION ALL SELECT tag_id, 'unblocked', member_id, {NOTHING} FROM unblocked
    UNION ALL SELECT tag_id, 'blocked', member_id, {NOTHING} FROM blocked
""",
    BEFORE=BEFORE,
    NOTHING=NOTHING,
)
MATCHED = "SELECT NULL::bigint WHERE FALSE"
PREVIEW = woven(
    """
WITH nobody AS (SELECT) {MINE}
SELECT
    count(*) FILTER (WHERE kind = 'given'),
    count(*) FILTER (WHERE {GIVES_BACK}),
    count(*) FILTER (WHERE kind = 'changed'),
    (SELECT count(*) FROM mine WHERE kind IN ('given', 'changed', 'taken', 'replaced'))
FROM good
""",
    MINE=MINE,
    GIVES_BACK=GIVES_BACK,
)


class CannotUndo(DomainError):
    """The act is too old, undone already, still under way, or no person's."""

    code = "cannot_undo"


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing an act would do now: to how many members it means what."""

    taken: int
    given: int
    changed: int
    skipped: int


def why_not(*, act: TagAct, now: datetime) -> str:
    """Return why an act cannot be undone; empty if it can."""
    if act.undone_at is not None:
        return _("This was undone already.")
    if act.source != TagAct.Source.MANUAL:
        return _("Only what people did by hand can be undone.")
    if act.at < now - UNDO_FOR:
        return _("Undo is possible for 30 days.")
    if act.run_id is not None and Run.objects.filter(pk=act.run_id).open().exists():
        return _("This is still under way. Stop it in Tasks first.")
    return ""


def preview(*, act: TagAct, now: datetime) -> UndoPreview:
    """Return what undoing would do now; nothing is written."""
    low, high = _reach(act)
    values: dict[str, Any] = {"brand": act.brand_id, "undone": act.pk, "low": low, "high": high}
    values["now"] = now
    with connection.cursor() as cursor:
        cursor.execute(PREVIEW, values)
        taken, given, changed, total = cursor.fetchone()
    return UndoPreview(taken, given, changed, total - taken - given - changed)


@transaction.atomic
def undo_act(*, act: TagAct, actor: Viewer, now: datetime) -> Run | None:
    """Undo what somebody did by hand: at once for few members, else by the run returned.

    Raises:
        CannotUndo: see ``why_not``.
    """
    held = TagAct.objects.select_for_update().or_gone(pk=act.pk)
    if reason := why_not(act=held, now=now):
        raise CannotUndo(reason)
    held.undone_at, held.undone_by = now, actor.label[:120]
    held.save(update_fields=["undone_at", "undone_by"])
    changes = TagChange.objects.filter(brand_id=held.brand_id, act_id=held.pk)
    people = changes.aggregate(people=Sum("people"))["people"] or 0
    tag = Tag.objects.filter(pk__in=changes.values("tag_id")).order_by("pk").first()
    if tag is None:
        raise CannotUndo(_("The tag is gone."))
    audit.record(action="tag.undone", subject=tag, actor=actor, now=now, data={"count": people})
    if people <= AT_ONCE:
        undo_within(act=held, reach=_reach(held), actor=actor, now=now)
        return None
    return runs.start_run(
        kind=UNDO_KIND,
        title=_("Undo: tag “%(tag)s”") % {"tag": tag.name},
        params={"act_id": held.pk},
        unit="members",
        subject_url=f"/members/tags/{tag.pk}/history/",
        actor=actor,
        now=now,
    )


def undo_within(
    *,
    act: TagAct,
    reach: tuple[int, int],
    actor: Viewer,
    now: datetime,
    run_id: int | None = None,
) -> dict[str, int]:
    """Undo an act for the members of some buckets and return how many of each kind changed."""
    touched = TagChange.objects.filter(brand_id=act.brand_id, act_id=act.pk)
    tags = list(touched.values_list("tag_id", flat=True).distinct())
    recording.hold(brand_id=act.brand_id, tag_ids=tags)
    values: dict[str, Any] = recording.act_values(
        brand_id=act.brand_id,
        source=TagAct.Source.UNDO,
        actor=actor,
        now=now,
        run_id=run_id,
        undoes=act.pk,
    )
    values |= {"undone": act.pk, "low": reach[0], "high": reach[1]}
    text = MINE + BACK + DELTAS + UNDONE
    return recording.carry_out(matched=Sql(MATCHED), changes=text, values=values)


class UndoRun:
    """Undoes an act of many, some buckets a step."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Undo the act for the next buckets."""
        act = TagAct.objects.get(brand_id=run.brand_id, pk=run.params["act_id"])
        start, end = _reach(act)
        at = int(run.cursor.get("at", start))
        upto = min(at + STEP, end)
        done = undo_within(act=act, reach=(at, upto), actor=actor, now=now, run_id=run.id)
        known: dict[str, int] = run.cursor.get("counts", {})
        words = ("taken", "given", "changed")
        counts = {name: known.get(name, 0) + done.get(name, 0) for name in words}
        people = _people(act, upto)
        shown = counts | {"skipped": people - sum(counts.values())}
        return Step(
            cursor={"at": upto, "counts": counts},
            done=people,
            total=_people(act, end),
            result={"counts": shown},
            finished=upto >= end,
        )

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave what was undone undone; each member is as before the act, or as after it."""


def _batches(act: TagAct) -> Any:
    changes = TagChange.objects.filter(brand_id=act.brand_id, act_id=act.pk)
    ids = list(changes.values_list("pk", flat=True))
    return TagChangeBatch.objects.filter(brand_id=act.brand_id, change_id__in=ids)


def _reach(act: TagAct) -> tuple[int, int]:
    found = _batches(act).aggregate(low=Min("bucket"), high=Max("bucket"))
    return (found["low"] or 0, (found["high"] or 0) + 1)


def _people(act: TagAct, upto: int) -> int:
    """How many the act gave a tag, took one from, or whose source it changed, below a bucket."""
    kinds = ["given", "changed", "taken", "replaced"]
    rows = _batches(act).filter(bucket__lt=upto, change__kind__in=kinds)
    return rows.aggregate(people=Sum("people"))["people"] or 0
