"""The run that writes a list to a file: count, then piece by piece, then the whole.

Between counting and writing it may have to wait for a second person: see ``gate``.

Each step reads the next rows through the requester's rights as they are then, writes them to a
piece of their own, and commits the piece with how far it came. A killed worker leaves bytes that
nobody refers to; they are swept. Memory holds a few thousand rows, however long the list.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import services as audit
from core.exports import gate, selectors, services, writing
from core.exports.rules import FileFormat
from core.files import services as files
from core.files.models import StoredFile
from core.kernel.errors import DomainError
from core.kernel.formats import exact, grouped
from core.kernel.paging import keyset_page
from core.retention.ports import EXPORT
from core.retention.selectors import lifetime_of
from core.runs.models import Run
from core.runs.ports import RunWords, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from core.exports.selectors import Wanted
    from core.kernel.access import Viewer
    from core.runs.ports import RunView

WORDS = RunWords(gettext_lazy("Export"), {"written": gettext_lazy("rows written")}, "download")
# Rows read and drawn at once; and about how many a step writes.
AT_ONCE, PER_STEP = 2_000, 10_000
# Ids looked through at once where a list is walked by its ids, and how often in one step.
STRETCH, MOST_STRETCHES = 10_000, 40


class ExportHandler:
    """Writes one list; see ``core.runs.ports.RunHandler``."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Count, write the next piece, or join the pieces, in the requester's language."""
        with translation.override(run.params["language"]):
            wanted = selectors.wanted_of(params=run.params)
            viewer = selectors.requester_now(wanted=wanted, params=run.params, actor=actor, now=now)
            if not run.cursor:
                return _begin(run, wanted, viewer, now)
            if run.cursor["at"] is not None:
                return _write(run, wanted, viewer, now)
            return _join(run, wanted, viewer, now)

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Delete the pieces; what was asked for counts no longer."""
        gate.withdraw(run_id=run.id)
        files.delete_pieces(brand_id=run.brand_id, ids=run.cursor.get("pieces", []))


def _begin(run: RunView, wanted: Wanted, viewer: Viewer, now: datetime) -> Step:
    total = _count(wanted, viewer)
    if not _admitted(run, wanted, total, viewer, now):
        return Step(total=total, waits=True)
    at: Any = _highest_id(wanted, viewer) if _walks(wanted) else ""
    return Step(cursor={"at": at, "pieces": []}, total=total)


def _admitted(run: RunView, wanted: Wanted, rows: int, viewer: Viewer, now: datetime) -> bool:
    recount = partial(_count, wanted, viewer)
    return gate.admits(run=run, wanted=wanted, rows=rows, recount=recount, viewer=viewer, now=now)


def _count(wanted: Wanted, viewer: Viewer) -> int:
    rows = wanted.source.rows(viewer=viewer, query=wanted.query, now=wanted.as_of)
    return int(rows.order_by().count())


def _highest_id(wanted: Wanted, viewer: Viewer, *, at_most: int | None = None) -> int:
    rows = wanted.source.rows(viewer=viewer, query=wanted.query, now=wanted.as_of)
    ids = rows.model._base_manager.filter(brand_id=viewer.brand_id)
    if at_most is not None:
        ids = ids.filter(pk__lte=at_most)
    return ids.order_by("-pk").values_list("pk", flat=True).first() or 0


def _walks(wanted: Wanted) -> bool:
    """Whether the file is written by stretches of ids: the list can, in the order asked for."""
    return wanted.source.rows_within is not None and wanted.source.order_of(wanted.query) == "-id"


def _write(run: RunView, wanted: Wanted, viewer: Viewer, now: datetime) -> Step:
    progress = _Progress(run.cursor["at"])
    walk = _by_stretches if _walks(wanted) else _by_pages
    with ExitStack() as stack:
        piece = stack.enter_context(
            files.piece_writer(brand_id=run.brand_id, actor=viewer, now=now)
        )
        drawn = _drawn(walk(progress, wanted, viewer), wanted, viewer, progress)
        writing.write_piece(into=piece, rows=drawn, file_format=wanted.file_format)
    done = run.done + progress.written
    if wanted.file_format == FileFormat.XLSX and done > writing.MOST_XLSX_ROWS:
        raise DomainError(services.too_many_for_xlsx())
    pieces = [*run.cursor["pieces"], piece.stored.pk]
    if not _admitted(run, wanted, done, viewer, now):
        # The list has outgrown what was allowed: nothing of it stays, and it is asked about anew.
        files.delete_pieces(brand_id=run.brand_id, ids=pieces)
        return Step(total=max(run.total or 0, done), result={"counts": {}}, waits=True)
    return Step(
        cursor={"at": progress.at, "pieces": pieces},
        done=done,
        total=max(run.total or 0, done),
        result={"counts": {"written": done}},
    )


class _Progress:
    """How far a step came: where the next one begins (None: nothing is left), rows written."""

    def __init__(self, at: Any) -> None:
        self.at, self.written = at, 0


def _by_pages(progress: _Progress, wanted: Wanted, viewer: Viewer) -> Iterator[list[Any]]:
    source, query = wanted.source, wanted.query
    rows = source.rows(viewer=viewer, query=query, now=wanted.as_of)
    while progress.at is not None and progress.written < PER_STEP:
        page = keyset_page(rows, order=source.order_of(query), after=progress.at, limit=AT_ONCE)
        progress.at = page.next or None
        yield page.rows


def _by_stretches(progress: _Progress, wanted: Wanted, viewer: Viewer) -> Iterator[list[Any]]:
    within = wanted.source.rows_within
    for _stretch in range(MOST_STRETCHES):
        if within is None or not progress.at or progress.written >= PER_STEP:
            break
        # A brand's ids have gaps where other brands grew; one look-up jumps over each.
        highest = _highest_id(wanted, viewer, at_most=progress.at)
        span = (max(highest - STRETCH, 0), highest)
        rows = within(viewer=viewer, query=wanted.query, now=wanted.as_of, span=span)
        kept: list[Any] = []
        for row in rows.order_by("-pk").iterator(chunk_size=AT_ONCE):
            kept.append(row)
            if len(kept) == AT_ONCE:
                yield kept
                kept = []
        yield kept
        progress.at = span[0]
    progress.at = progress.at or None


def _drawn(
    batches: Iterator[list[Any]], wanted: Wanted, viewer: Viewer, progress: _Progress
) -> Iterator[list[Any]]:
    every = wanted.source.columns_for(viewer)
    chosen = _chosen(wanted, viewer)
    places = [place for place, column in enumerate(every) if column in chosen]
    for batch in batches:
        progress.written += len(batch)
        if batch:
            for cells in wanted.source.cells(batch, viewer):
                yield [cells[place] for place in places]


def _chosen(wanted: Wanted, viewer: Viewer) -> Sequence[Any]:
    return selectors.chosen_columns(source=wanted.source, viewer=viewer, keys=wanted.columns)


def _join(run: RunView, wanted: Wanted, viewer: Viewer, now: datetime) -> Step:
    label, ids = str(wanted.source.label), run.cursor["pieces"]
    with translation.override(None):
        untranslated = str(wanted.source.label)
    pieces = StoredFile.objects.filter(brand_id=run.brand_id).in_bulk(ids)
    told = {"list": label, "day": timezone.localdate(now).isoformat(), "who": viewer.label}
    with files.result_writer(
        brand_id=run.brand_id,
        name=_("%(list)s %(day)s %(who)s") % told + f".{wanted.file_format}",
        actor=viewer,
        now=now,
        lifetime=lifetime_of(brand_id=run.brand_id, kind=EXPORT),
        needs=wanted.source.permission,
        holds=viewer,
    ) as result:
        writing.join(
            into=result,
            head=[str(column.label) for column in _chosen(wanted, viewer)],
            pieces=_opened([pieces[pk] for pk in ids], now),
            file_format=wanted.file_format,
            sheet=label[:31],
            mark=_mark(run, viewer, now),
        )
    files.delete_pieces(brand_id=run.brand_id, ids=ids)
    _tell(run, wanted, viewer, now)
    return Step(
        cursor={"at": None, "pieces": []},
        done=run.done,
        total=run.done,
        result={"files": [_entry(untranslated, result.stored)]},
        finished=True,
    )


def _entry(label: str, stored: StoredFile) -> dict[str, Any]:
    until = stored.expires_at.isoformat() if stored.expires_at else None
    return {"label": label, "file_id": stored.pk, "expires_at": until}


def _mark(run: RunView, viewer: Viewer, now: datetime) -> writing.Mark:
    told = {"who": viewer.label, "when": exact(now), "number": run.id, "rows": grouped(run.done)}
    text = _("Exported by %(who)s on %(when)s · task %(number)s · %(rows)s rows") % told
    return writing.Mark(text=text, who=viewer.label, at=now)


def _tell(run: RunView, wanted: Wanted, viewer: Viewer, now: datetime) -> None:
    told = {"list": wanted.key, "count": run.done, "filters": wanted.words}
    audit.record(
        action="list.exported",
        subject=Run.objects.get(pk=run.id),
        actor=viewer,
        now=now,
        data=told | {"columns": list(wanted.columns), "format": wanted.file_format.value},
    )


def _opened(pieces: Sequence[StoredFile], now: datetime) -> Iterator[Any]:
    for piece in pieces:
        with files.open_file(stored=piece, now=now) as handle:
            yield handle
