"""The run that deletes members: first every row that names them, then every text that does.

The rows of a few members go in one transaction, with their own row last, so that nobody ever
sees half a member. What gives them away in texts is gathered before, and kept encrypted until the
search through texts, files and sealed values has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.audit import services as audit
from core.kernel.access import system_viewer
from core.runs.ports import RunWords, Step
from members.erasure import ports, selectors, services
from members.erasure.models import Erasure
from members.erasure.ports import Erasing, Searching
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView
    from members.erasure.rules import Trace

WORDS = RunWords(_("Deletion of members"), {"erased": _("members deleted")}, "trash")
AT_ONCE = 20


class EraseRun:
    """Deletes the members of its requests; see ``core.runs.ports.RunHandler``."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Delete the rows of the next members, or look through the next texts."""
        if "table" in run.cursor:
            return _search(run, now)
        rows = Erasure.objects.filter(
            brand_id=run.brand_id, run_id=run.id, state=Erasure.State.RUNNING, rows_gone_at=None
        )
        some = list(rows.select_for_update().order_by("pk")[:AT_ONCE])
        if not some:
            return Step(cursor={"table": "", "at": None}, done=run.done, total=run.total)
        _erase_rows(run.brand_id, some, now)
        return Step(cursor={"stage": "rows"}, done=run.done + len(some), total=run.total)

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Let the deletions wait for the next run: what the law asks for is not called off here."""
        Erasure.objects.filter(
            brand_id=run.brand_id, run_id=run.id, state=Erasure.State.RUNNING
        ).update(state=Erasure.State.WAITING, run=None)


def _erase_rows(brand_id: int, erasures: Sequence[Erasure], now: datetime) -> None:
    # Who copies people at this moment ends first, and what they wrote is found.
    selectors.wait_for_writers(brand_id=brand_id)
    asked, holdings = [erasure.member_id for erasure in erasures], ports.holdings()
    for holding in holdings:
        if holding.hold is not None:
            holding.hold(Erasing(brand_id=brand_id, ids=tuple(asked), now=now))
    # Whoever writes about one of them waits, and then finds them gone.
    held = Member.objects.filter(brand_id=brand_id, pk__in=asked).select_for_update()
    list(held.order_by("pk").values_list("pk"))
    kin = ports.kin_of(brand_id=brand_id, ids=asked)
    ids = sorted({*asked, *kin})
    erasing = Erasing(brand_id=brand_id, ids=tuple(ids), now=now)
    found = [trace for holding in holdings if holding.traces for trace in holding.traces(erasing)]
    traces = [trace for trace in found if not ports.names_nobody(trace)]
    services.write_down(brand_id=brand_id, ids=asked, kin=kin, now=now)
    for holding in holdings:
        if holding.erase is not None:
            holding.erase(erasing)
        elif not holding.kept:
            _delete(holding, erasing)
    for erasure in erasures:
        erasure.rows_gone_at = now
        erasure.traces = selectors.sealed(_own(traces, erasure.member_id, asked))
    Erasure.objects.bulk_update(erasures, ["rows_gone_at", "traces"])


def _own(traces: Sequence[Trace], member_id: int, asked: Sequence[int]) -> list[Trace]:
    """A member's own traces, and those of kin, who asked for nothing themselves."""
    return [t for t in traces if t.member_id == member_id or t.member_id not in asked]


def _delete(holding: ports.Holding, erasing: Erasing) -> None:
    named = " OR ".join(f"{column} = ANY(%(ids)s::bigint[])" for column in holding.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {holding.model._meta.db_table}"  # noqa: S608  (names of our own)
            f" WHERE brand_id = %(brand)s AND ({named})",
            erasing.params,
        )


def _search(run: RunView, now: datetime) -> Step:
    searches = ports.searches()
    left = [table for table in searches if table >= run.cursor["table"]]
    if not left:
        return _finish(run, now)
    table = left[0]
    at = run.cursor["at"] if table == run.cursor["table"] else None
    traces = selectors.traces_of(run_id=run.id, brand_id=run.brand_id)
    further: Any = None
    if traces.items:
        searching = Searching(brand_id=run.brand_id, traces=traces, at=at, now=now)
        further = searches[table].step(searching)
    # A name right behind the table's own stands for whichever comes next.
    cursor = {"table": table, "at": further} if further is not None else _after(table)
    return Step(cursor=cursor, done=run.done, total=run.total)


def _after(table: str) -> dict[str, Any]:
    return {"table": f"{table} ", "at": None}


def _finish(run: RunView, now: datetime) -> Step:
    rows = Erasure.objects.filter(brand_id=run.brand_id, run_id=run.id, state=Erasure.State.RUNNING)
    ended = list(rows.select_for_update().order_by("pk"))
    rows.update(state=Erasure.State.DONE, traces=None, note="", finished_at=now)
    audit.record_each(
        action="erasure.finished",
        told=[(erasure, {}) for erasure in ended],
        actor=system_viewer(run.brand_id),
        now=now,
    )
    return Step(
        done=run.done,
        total=run.total,
        result={"counts": {"erased": len(ended)}},
        finished=True,
    )
