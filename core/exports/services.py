"""Asking for a file. The handler writes it; see ``core.exports.handlers``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.exports import selectors
from core.exports.rules import FileFormat
from core.exports.writing import MOST_XLSX_ROWS
from core.kernel.errors import InvalidInput
from core.kernel.formats import grouped
from core.lists import selectors as lists
from core.runs import services as runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import QueryDict  # noqa: TID251  only the type

    from core.kernel.access import Viewer
    from core.runs.models import Run

# A file of people is not an archive: fetch it, or have it written again.
LIFETIME = timedelta(days=7)


@transaction.atomic
def start_export(
    *,
    list_key: str,
    query: QueryDict,
    columns: Sequence[str],
    file_format: FileFormat,
    actor: Viewer,
    now: datetime,
) -> Run:
    """Have a list written to a file in the background, narrowed as an address narrows it.

    No ``columns`` means all. The file holds what the actor may see when it is written.

    Raises:
        NotFound: no such list, or what it belongs to is not there.
        Forbidden: no role of the actor allows to see it.
        InvalidInput: an unknown filter or column; more rows than a workbook takes.
    """
    source = lists.known_list(key=list_key, viewer=actor)
    kept = lists.checked(source=source, query=query, viewer=actor)
    known = {column.key for column in source.columns_for(actor)}
    if unknown := [key for key in columns if key not in known]:
        text = _("This list has no column %(key)s.") % {"key": unknown[0][:40]}
        raise InvalidInput.on("/columns", text, "unknown_column")
    rows = source.rows(viewer=actor, query=kept, now=now)
    if file_format == FileFormat.XLSX and rows.order_by()[: MOST_XLSX_ROWS + 1].count() > (
        MOST_XLSX_ROWS
    ):
        raise InvalidInput.on("/format", too_many_for_xlsx(), "too_many_rows")
    return runs.start_run(
        kind=selectors.KIND,
        title=_("Export: %(list)s") % {"list": source.label},
        params={
            "list": list_key,
            "query": lists.sealed(kept),
            "columns": list(columns),
            "format": file_format.value,
            "words": selectors.words_for(source=source, query=kept, viewer=actor),
            "as_of": now.isoformat(),
            "api_key_id": actor.api_key_id,
            "language": get_language(),
        },
        actor=actor,
        now=now,
        unit=source.unit,
        subject_url="" if source.parents else reverse(source.place),
    )


def too_many_for_xlsx() -> str:
    """Return why a list does not fit into a workbook."""
    text = _("An Excel file takes at most %(most)s rows. Choose CSV, or narrow the list.")
    return text % {"most": grouped(MOST_XLSX_ROWS)}
