from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import QueryDict  # noqa: TID251  (an address's query, parsed; no request)
from django.utils.translation import gettext as _

from core.api_keys import selectors as api_keys
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.kernel.access import Permission
from core.kernel.errors import DomainError
from core.lists import ports, selectors
from core.staff import selectors as staff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from core.lists.ports import Column, ListSource
    from core.runs.models import Run

KIND = "export"


class RightsLost(DomainError):
    """Who asked for the file may no longer see all of what it would hold."""

    code = "rights_lost"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run was asked for."""

    key: str
    source: ListSource
    query: QueryDict
    columns: tuple[str, ...]
    file_format: FileFormat
    words: str
    as_of: datetime


def wanted_of(*, params: Mapping[str, Any]) -> Wanted:
    """Return what a run was asked for.

    Raises:
        DomainError: the list is gone.
    """
    source = ports.source_of(params["list"])
    if source is None:
        raise DomainError(_("There is no such list."))
    return Wanted(
        key=params["list"],
        source=source,
        query=selectors.opened(params["query"]),
        columns=tuple(params["columns"]),
        file_format=FileFormat(params["format"]),
        words=params["words"],
        as_of=datetime.fromisoformat(params["as_of"]),
    )


def requester_now(
    *, wanted: Wanted, params: Mapping[str, Any], actor: Viewer, now: datetime
) -> Viewer:
    """Return what the requester may see at this moment, not when they asked.

    Raises:
        RightsLost: they may not see the list any more, or not the same dealers' part of it.
    """
    viewer: Viewer | None = actor
    if params.get("api_key_id") is not None:
        viewer = api_keys.viewer_of_key(
            key_id=params["api_key_id"], brand_id=actor.brand_id, now=now
        )
    elif actor.staff_id is not None:
        viewer = staff.viewer_of_staff(staff_id=actor.staff_id)
    if viewer is None or viewer.brand_id != actor.brand_id:
        raise RightsLost(_("Who asked for this file may not sign in any more."))
    if not viewer.may(wanted.source.permission):
        raise RightsLost(_("Who asked for this file may not see the list any more."))
    if viewer.dealer_ids != actor.dealer_ids:
        raise RightsLost(_("The dealers you see have changed since. Export the list again."))
    return viewer


def chosen_columns(*, source: ListSource, viewer: Viewer, keys: tuple[str, ...]) -> list[Column]:
    """Return the columns to write, in the list's order; all of them where none is named."""
    every = source.columns_for(viewer)
    return [column for column in every if column.key in keys] if keys else every


def words_for(*, source: ListSource, query: QueryDict, viewer: Viewer) -> str:
    """Return the filters in one line; what was typed is left out."""
    told = selectors.filters_in_words(source=source, query=query, viewer=viewer)
    return "; ".join(f"{label} {value}" for label, value in told) or str(_("no filter"))


def request_of(run: Run) -> ExportRequest | None:
    """Return the newest request that an export made of other people."""
    return ExportRequest.objects.needing_two().filter(run_id=run.pk).order_by("-pk").first()


def requests_for(*, viewer: Viewer, waiting: bool, now: datetime) -> QuerySet[ExportRequest]:
    """Return what the viewer can decide about, or what needs no decision any more."""
    rows = ExportRequest.objects.needing_two().visible_to(viewer)
    return rows.waiting(now) if waiting else rows.exclude(pk__in=rows.waiting(now).values("pk"))


def may_decide(*, row: ExportRequest, viewer: Viewer, now: datetime) -> bool:
    """Whether the viewer is somebody else, and may say yes or no."""
    is_open = row.state == ExportRequest.State.WAITING and row.lapses_at > now
    is_approver = viewer.may(Permission.EXPORTS_APPROVE) and viewer.is_brand_wide
    return is_open and is_approver and viewer.staff_id not in {None, row.requested_by_id}


def columns_in_words(*, row: ExportRequest, viewer: Viewer) -> list[str]:
    """Return the columns that were asked for; all of the list's where none was named."""
    source = ports.source_of(row.list_key)
    if source is None:
        return list(row.columns)
    every = source.columns_for(viewer)
    return [str(column.label) for column in every if not row.columns or column.key in row.columns]
