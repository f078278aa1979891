"""Rows that stayed out or should be looked at again, as a file for who made the original."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.files import services as files
from core.files.rules import inert_cell
from core.kernel.access import Permission

if TYPE_CHECKING:
    from datetime import datetime

    from core.files.models import StoredFile
    from core.kernel.access import Viewer
    from members.imports.models import ImportJob

ROWS_AT_ONCE = 5000


def write(*, job: ImportJob, actor: Viewer, now: datetime) -> StoredFile:
    """Write every rejection of the job, as CSV that Excel opens without a question.

    Below them stand the rows that came in with a warning, as far as they are kept.
    """
    stem = job.file.name.rsplit(".", 1)[0]
    name = _("%(file)s rows to mend.csv") % {"file": stem}
    with files.result_writer(
        brand_id=job.brand_id, name=name, actor=actor, now=now, needs=Permission.MEMBERS_IMPORT
    ) as result:
        writer = csv.writer(result.text)
        writer.writerow([_("Row"), _("Column"), _("Value"), _("Reason"), _("Code"), _("Came in")])
        columns = ("row_number", "column", "value", "reason", "code")
        for is_taken, word in ((False, _("no")), (True, _("yes"))):
            rows = job.rejections.filter(is_taken=is_taken).order_by("row_number")
            for number, *texts in rows.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE):
                writer.writerow([number, *map(inert_cell, texts), word])
    return result.stored
