"""The run that brings a file in: a chunk a step, with its counts and its place in the file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from core.audit import services as audit
from core.files import services as files
from core.kernel import faults
from core.runs.ports import RunWords, Step
from members.custom_fields.models import CustomValue
from members.erasure import selectors as erasure
from members.identities.models import Identity
from members.imports import error_file, member_upsert, order_upsert, selectors, staging
from members.imports.ahead import Ahead, GaveUp
from members.imports.member_rows import MemberPreparer
from members.imports.models import ImportJob, ImportRejection, Subject
from members.imports.options import Options, parse_options
from members.imports.order_rows import OrderPreparer
from members.imports.preparing import Job
from members.imports.reading.source import open_source
from members.imports.reasons import Problem, rejections, warned
from members.lifecycle import selectors as lifecycle
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member
from members.tags import services as tag_services
from members.tags.models import MemberTag
from members.vehicles.models import Ownership, Vehicle

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView
    from members.erasure.rules import Traces
    from members.imports.preparing import Chunk

KIND = "import"
MOST_WARNINGS = 1_000  # kept of a file, all are counted: abroad, few VINs may have a check digit
WORDS = RunWords(
    gettext_lazy("Import"),
    {
        "read": gettext_lazy("Rows read"),
        "created": pgettext_lazy("rows", "Created"),
        "updated": pgettext_lazy("rows", "Updated"),
        "unchanged": pgettext_lazy("rows", "Unchanged"),
        "rejected": pgettext_lazy("rows", "Rejected"),
    },
    "upload",
)
FILE_WENT = gettext_noop(
    "The file of this import was deleted: it had expired, or somebody in it was deleted. Rows that"
    " came in before stay; bring the others in with a new file."
)
# Whose tables a large file multiplies.
FILLS = (Member, Identity, Vehicle, Ownership, Consent, MemberTag, CustomValue, Order)
COUNTS = [
    *("read_count", "created_count", "updated_count", "unchanged_count", "rejected_count"),
    "warning_count",
]
# Whose column a refusal of the database is about.
COLUMN_OF_CODE = {
    "phone_taken": "phone",
    "phone_wanted": "phone",
    "same_by_phone": "phone",
    "same_by_number": "customer_no",
    "app_user_taken": "app_user",
    "unionid_taken": "unionid",
    "vin_taken": "vin",
    "vin_dates": "delivered_on",
    "tag": "tags",
    "tags_exclusive": "tags",
    "member_unknown": "customer_no",
    "member_unclear": "customer_no",
    "order_of_other": "order_no",
    "stale_version": "version",
}


class ImportHandler:
    """Steps through a file; between the steps of one worker its reader stays open."""

    def __init__(self) -> None:
        """Start with no file open."""
        self._ahead: tuple[int, Ahead] | None = None

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Bring in one chunk, or write the file of rejected rows after the last one.

        Raises:
            FileGone: somebody in the file was deleted, and it with them.
        """
        erasure.let_nobody_go(brand_id=run.brand_id)
        # Before the file is asked for: whoever is found no more was taken out of it already.
        going = erasure.traces_of_going(brand_id=run.brand_id)
        job = ImportJob.objects.select_related("file").get(pk=run.params["job_id"])
        if job.run_id != run.id:
            return Step(done=run.done, total=run.total, finished=True)  # It was started anew.
        options = parse_options(job.options)
        with translation.override(options.language or translation.get_language()):
            if run.cursor.get("is_read"):
                return self._finish(job, run, actor, now)
            if job.file.deleted_at is not None:
                self._close()  # The open reader would go on in what is no more.
                raise files.FileGone(_(FILE_WENT))
            position = dict(run.cursor.get("position", {}))
            chunk = self._next(job, options, run.id, position, now)
            if chunk is None:
                self._close()
                return Step(cursor={"is_read": True}, done=run.done, total=run.total)
            self._bring_in(job, _upsert_of(job, options, going, actor, now), chunk)
        faults.point("imports.step")
        done = max(run.done, chunk.position["row"] - 1)
        return Step(
            cursor={"position": chunk.position},
            done=done,
            total=None if run.total is None else max(run.total, done),
            result={"counts": _counts(job)},
        )

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Keep what came in and say so; a cancelled or failed import is not taken back."""
        self._close()
        job = ImportJob.objects.filter(pk=run.params["job_id"]).first()
        if job is not None:
            audit.record(
                action="import.stopped", subject=job, actor=actor, now=now, data=_counts(job)
            )

    def _next(
        self, job: ImportJob, options: Options, run_id: int, position: dict[str, int], now: datetime
    ) -> Chunk | None:
        if self._ahead is None or self._ahead[0] != run_id or self._ahead[1].position != position:
            self._open(job, options, run_id, position, now)
        try:
            return self._reader().next(meanwhile=_stay_awake)
        except GaveUp:
            self._open(job, options, run_id, position, now)
            return self._reader().next(meanwhile=_stay_awake)
        except Exception:
            self._close()
            raise

    def _reader(self) -> Ahead:
        assert self._ahead is not None
        return self._ahead[1]

    def _open(
        self, job: ImportJob, options: Options, run_id: int, position: dict[str, int], now: datetime
    ) -> None:
        self._close()
        known = selectors.known_names(brand_id=job.brand_id, mapping=job.mapping)
        task = Job(
            brand_id=job.brand_id,
            subject=job.subject,
            headers=job.headers,
            mapping=job.mapping,
            options=options,
            known=known,
            today=timezone.localdate(now),
        )
        is_members = job.subject == Subject.MEMBERS
        ahead = Ahead(
            open_file=partial(files.open_file, stored=job.file, now=now),
            open_source=partial(_source, described=job.source),
            preparer=MemberPreparer(task) if is_members else OrderPreparer(task),
            position=position,
        )
        self._ahead = (run_id, ahead)

    def _close(self) -> None:
        if self._ahead is not None:
            self._ahead[1].close()
            self._ahead = None

    def _bring_in(
        self, job: ImportJob, upsert: member_upsert.Upsert | order_upsert.Upsert, chunk: Chunk
    ) -> None:
        outcome = staging.bring_in(upsert.apply, chunk)
        problems = chunk.problems + [
            Problem(n, job.mapping.get(COLUMN_OF_CODE.get(code, ""), ""), code, "", other)
            for n, code, other in outcome.refused
        ]
        rejected = rejections(problems)
        out = {rejection.row_number for rejection in rejected}
        odd = warned(p for p in chunk.warnings if p.row_number not in out)
        kept = odd[: max(0, MOST_WARNINGS - job.warning_count)]
        told = [(each, False) for each in rejected] + [(each, True) for each in kept]
        ImportRejection.objects.bulk_create(
            [
                ImportRejection(brand_id=job.brand_id, job=job, is_taken=is_taken, **each._asdict())
                for each, is_taken in told
            ],
            batch_size=2000,
        )
        job.read_count += chunk.read_count
        job.created_count += outcome.created
        job.updated_count += outcome.updated
        job.unchanged_count += outcome.unchanged
        job.rejected_count += len(rejected)
        job.warning_count += len(odd)
        # Only these: what else the row says may have been taken out of it since it was read.
        job.save(update_fields=COUNTS)

    def _finish(self, job: ImportJob, run: RunView, actor: Viewer, now: datetime) -> Step:
        if job.rejected_count or job.warning_count:
            job.errors_file = error_file.write(job=job, actor=actor, now=now)
        job.finished_at = now
        job.save(update_fields=["errors_file", "finished_at"])
        counts = _counts(job)
        if not job.is_dry_run:
            if job.subject == Subject.MEMBERS:
                tag_services.count_anew(brand_id=job.brand_id, now=now)
            audit.record(action="import.finished", subject=job, actor=actor, now=now, data=counts)
        result: dict[str, Any] = {"counts": counts}
        if job.errors_file_id:
            label = gettext_noop("Rows to mend")
            result["files"] = [{"label": label, "file_id": job.errors_file_id}]
        done = max(job.read_count, run.done)
        return Step(done=done, total=done, result=result, finished=True)


def _stay_awake() -> None:
    """PostgreSQL ends a transaction that says nothing for a minute; reading may take longer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _source(file: Any, described: dict[str, Any]) -> Any:
    return open_source(file, described)


def _upsert_of(
    job: ImportJob, options: Options, going: Traces, actor: Viewer, now: datetime
) -> member_upsert.Upsert | order_upsert.Upsert:
    if job.subject == Subject.ORDERS:
        return order_upsert.Upsert(brand_id=job.brand_id, now=now, is_dry_run=job.is_dry_run)
    dealer = selectors.dealer_of_code(brand_id=job.brand_id, code=options.default_dealer)
    return member_upsert.Upsert(
        brand_id=job.brand_id,
        options=options,
        mapping=job.mapping,
        city=options.default_city or None,
        dealer=dealer,
        now=now,
        introduction_days=lifecycle.in_force(brand_id=job.brand_id).terms.introduction_days,
        actor=actor,
        run_id=job.run_id,
        going=member_upsert.keys_of(going, brand_id=job.brand_id),
        is_dry_run=job.is_dry_run,
    )


def _counts(job: ImportJob) -> dict[str, int]:
    return {
        "read": job.read_count,
        "created": job.created_count,
        "updated": job.updated_count,
        "unchanged": job.unchanged_count,
        "rejected": job.rejected_count,
    }
