"""Whether a run may write so many rows about people, or a second person has to decide first.

Kept apart from the handler, as it is asked at each step, and from the services that decide, as
those are acts of people.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Sum

from core.api_keys.selectors import person_of
from core.audit import services as audit
from core.exports import rules
from core.exports.models import ExportRequest
from core.kernel.crypto import lookup_hash
from core.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from core.exports.selectors import Wanted
    from core.kernel.access import Viewer
    from core.runs.ports import RunView

State = ExportRequest.State


def admits(
    *,
    run: RunView,
    wanted: Wanted,
    rows: int,
    recount: Callable[[], int],
    viewer: Viewer,
    now: datetime,
) -> bool:
    """Whether the run may go on to ``rows`` rows; if not, the request for it is left waiting.

    What one person takes within a day counts together, so that many small files are one large
    one. An approval holds for what was asked, up to its ceiling, for some days; a list that has
    outgrown it is counted anew.
    """
    if not wanted.source.is_personal:
        return True
    digest = digest_of(wanted=wanted, viewer=viewer)
    current = ExportRequest.objects.filter(
        run_id=run.id, state__in=ExportRequest.OPEN_STATES
    ).first()
    if current is not None and _covers(current, digest, rows, now):
        return True
    if current is not None:
        rows = max(rows, recount())
    person = person_of(viewer)
    _one_file_at_a_time(run.brand_id, person)
    taken = taken_today(brand_id=run.brand_id, person=person, now=now, but_run=run.id)
    if current is not None:
        _close(current, digest, now)
    asked = _request(run, wanted, rows, viewer, now)
    asked.digest, asked.requested_by_id = digest, person
    if taken + rows <= rules.ALONE:
        asked.state, asked.rows_ceiling = State.ALONE, rows
    asked.save(force_insert=True)
    if asked.state == State.WAITING:
        _tell(asked, viewer, now)
    return asked.state == State.ALONE


def _covers(current: ExportRequest, digest: bytes, rows: int, now: datetime) -> bool:
    if current.state == State.WAITING or bytes(current.digest) != digest:
        return False
    in_time = current.state == State.ALONE or current.lapses_at > now
    return in_time and rows <= current.rows_ceiling


def _close(current: ExportRequest, digest: bytes, now: datetime) -> None:
    if current.state == State.ALONE:
        current.delete()  # Nobody was asked, so there is nothing to remember.
        return
    has_lapsed = current.state == State.APPROVED and current.lapses_at <= now
    same = bytes(current.digest) == digest
    current.state = State.LAPSED if has_lapsed and same else State.OUTGROWN
    current.save(update_fields=["state"])


def _request(
    run: RunView, wanted: Wanted, rows: int, viewer: Viewer, now: datetime
) -> ExportRequest:
    return ExportRequest(
        brand_id=run.brand_id,
        run_id=run.id,
        state=State.WAITING,
        list_key=wanted.key,
        words=wanted.words,
        columns=list(wanted.columns),
        file_format=wanted.file_format.value,
        rows=rows,
        rows_ceiling=rules.ceiling(rows),
        requested_by_label=viewer.label,
        requested_at=now,
        lapses_at=now + rules.HOLDS_FOR,
    )


def _tell(asked: ExportRequest, viewer: Viewer, now: datetime) -> None:
    audit.record(
        action="export.approval_asked",
        subject=Run.objects.get(pk=asked.run_id),
        actor=viewer,
        now=now,
        data={"request": asked.pk, "list": asked.list_key, "count": asked.rows},
    )


def digest_of(*, wanted: Wanted, viewer: Viewer) -> bytes:
    """Return what stands for exactly this question: list, filters, columns, format and scope."""
    dealers = None if viewer.dealer_ids is None else sorted(viewer.dealer_ids)
    said: list[Any] = [wanted.key, wanted.query.urlencode(), list(wanted.columns)]
    said += [wanted.file_format.value, dealers]
    return lookup_hash(brand_id=viewer.brand_id, kind="export", value=json.dumps(said))


def taken_today(
    *, brand_id: int, person: int | None, now: datetime, but_run: int | None = None
) -> int:
    """Return how many rows about people somebody took alone within the last day."""
    rows = ExportRequest.objects.filter(
        brand_id=brand_id,
        requested_by_id=person,
        state=State.ALONE,
        requested_at__gt=now - rules.DAY,
    )
    if but_run is not None:
        rows = rows.exclude(run_id=but_run)
    return int(rows.aggregate(rows=Sum("rows"))["rows"] or 0)


def _one_file_at_a_time(brand_id: int, person: int | None) -> None:
    """Let a person's files be counted one after the other, so that two cannot both be the last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"exports:{brand_id}:{person}"],
        )


def withdraw(*, run_id: int) -> None:
    """Forget what a run asked for that ends without a file."""
    rows = ExportRequest.objects.filter(run_id=run_id)
    rows.filter(state=State.ALONE).delete()
    rows.filter(state__in=ExportRequest.OPEN_STATES).update(state=State.WITHDRAWN)
