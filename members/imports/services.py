from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.files import services as files
from core.kernel.access import Permission
from core.kernel.errors import DomainError, Forbidden, InvalidInput, Kind, Problem
from core.kernel.scoping import tenant
from core.organizations.models import Brand, Dealer
from core.runs import services as runs
from core.runs.models import Run
from members.imports import batching, selectors
from members.imports.fields import plain, suggest
from members.imports.handlers import KIND
from members.imports.models import ImportJob, ImportProfile, ImportRejection, Subject
from members.imports.options import Options, checked_mapping, parse_options
from members.imports.reading import source
from members.imports.reading.ports import MAX_UPLOAD_BYTES, UPLOAD
from members.imports.reasons import REASONS
from members.imports.values import BadValue, read_tag_name, read_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

BLOCK = 1024 * 1024
OUTCOMES = ("created", "updated", "unchanged", "refused")


class UploadTooLarge(DomainError):
    """More bytes than an import may have; nothing was kept."""

    code = "file_too_large"
    kind = Kind.TOO_LARGE

    def __init__(self) -> None:
        """Say how large it may be."""
        detail = _("The file is larger than %(limit)s MB. Split it and upload the parts.") % {
            "limit": MAX_UPLOAD_BYTES // 1024**2
        }
        problem = Problem(UPLOAD, self.code, detail)
        super().__init__(detail, problems=(problem,), limit_bytes=MAX_UPLOAD_BYTES)


class ImportUnderWay(DomainError):
    """The file is being read already, or has come in."""

    code = "import_under_way"


def receive_file(
    *, file: IO[bytes], name: str, subject: str, actor: Viewer, now: datetime
) -> ImportJob:
    """Vet a seekable file, keep it, and return its job with headers, sample and a mapping.

    Opens its own transaction; nothing is kept of a file that is refused.

    Raises:
        FileRefused: 413, 415 or 422, with the reason as its code.
        UploadTooLarge: more than ``MAX_UPLOAD_BYTES``.
    """
    if file.seek(0, 2) > MAX_UPLOAD_BYTES:
        raise UploadTooLarge
    if subject not in Subject.values:
        raise InvalidInput.on("/subject", _("Choose members or orders."))
    vetted = source.vet(file)
    with tenant(actor.brand_id):
        own = selectors.own_fields(brand_id=actor.brand_id, subject=subject)
    stored = files.store_upload(
        brand_id=actor.brand_id,
        name=name,
        chunks=_blocks(file),
        limit_bytes=MAX_UPLOAD_BYTES,
        actor=actor,
        now=now,
        needs=Permission.MEMBERS_IMPORT,
    )
    with tenant(actor.brand_id):
        job = ImportJob.objects.create(
            brand_id=actor.brand_id,
            file=stored,
            subject=subject,
            mapping=suggest(subject, vetted["headers"], own),
            options=Options(language=translation.get_language() or "").as_json(),
            created_by_id=actor.staff_id,
            created_at=now,
            **vetted,
        )
        audit.record(
            action="import.uploaded",
            subject=job,
            actor=actor,
            now=now,
            data={"subject": subject, "bytes": stored.size_bytes, "rows": job.row_estimate},
        )
    return job


@transaction.atomic
def start_import(
    *,
    job_id: int,
    mapping: Mapping[str, str],
    options: Mapping[str, Any],
    is_dry_run: bool,
    actor: Viewer,
    now: datetime,
) -> Run:
    """Check mapping and options and leave the file to be read, for a trial or for good.

    What an earlier trial counted and refused is forgotten, and an earlier run that broke cannot
    go on any more. Locks the job.

    Raises:
        InvalidInput: the mapping or the options do not fit; problems point to each.
        ImportUnderWay: it is being read, or was brought in already.
    """
    actor.require(Permission.MEMBERS_IMPORT)
    job = ImportJob.objects.select_for_update(of=("self",)).select_related("run").get(pk=job_id)
    _require_startable(job)
    if job.run_id is not None and not runs.close(run_id=job.run_id):
        raise ImportUnderWay(_("This file is being read already."))  # It goes on as of now.
    own = selectors.own_fields(brand_id=job.brand_id, subject=job.subject)
    chosen = checked_mapping(job.subject, mapping, job.headers, own)
    job.mapping = chosen
    job.options = _resolved(parse_options(options), job).as_json()
    ImportRejection.objects.filter(brand_id=job.brand_id, job=job).delete()
    job.read_count = job.created_count = job.updated_count = 0
    job.unchanged_count = job.rejected_count = job.warning_count = 0
    job.errors_file, job.finished_at, job.is_dry_run = None, None, is_dry_run
    job.run = runs.start_run(
        kind=KIND,
        title=_title(job),
        params={"job_id": job.pk},
        unit="rows",
        total=job.row_estimate,
        subject_url=f"/members/imports/{job.pk}/",
        actor=actor,
        now=now,
    )
    job.save()
    return job.run


@transaction.atomic
def retry_import(*, job_id: int, actor: Viewer, now: datetime) -> Run:
    """Let a failed or paused import go on after the last rows that came in.

    Raises:
        RunEnded: it succeeded or was cancelled, or never began.
    """
    actor.require(Permission.MEMBERS_IMPORT)
    job = ImportJob.objects.get(pk=job_id)
    if job.run_id is None:
        raise runs.RunEnded(_("This import has not been started."))
    return runs.resume(run_id=job.run_id, actor=actor, now=now)


@transaction.atomic
def save_profile(
    *,
    name: str,
    subject: str,
    mapping: Mapping[str, str],
    options: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
) -> ImportProfile:
    """Keep a mapping under a name, for the next file of this kind; the same name is replaced.

    Raises:
        InvalidInput: no name, or options that are none.
    """
    actor.require(Permission.MEMBERS_IMPORT)
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise InvalidInput.on(
            "/profile_name", _("Give the mapping a name of at most 80 characters.")
        )
    profile, _is_new = ImportProfile.objects.update_or_create(
        brand_id=actor.brand_id,
        subject=subject,
        name=name,
        defaults={
            "mapping": {field: column for field, column in mapping.items() if column},
            "options": parse_options(options).as_json(),
            "updated_at": now,
        },
    )
    audit.record(
        action="importprofile.saved", subject=profile, actor=actor, now=now, data={"name": name}
    )
    return profile


def may_start(*, job: ImportJob) -> bool:
    """Whether the file can be tried or brought in: never started, tried, failed or cancelled."""
    run = job.run
    if run is None or (job.is_dry_run and not run.is_open):
        return True
    return run.state in {Run.State.FAILED, Run.State.CANCELLED}


def _require_startable(job: ImportJob) -> None:
    if may_start(job=job):
        return
    if job.run is not None and job.run.is_open:
        raise ImportUnderWay(_("This file is being read already."))
    raise ImportUnderWay(_("This file has come in already. Upload it again to repeat it."))


def _resolved(options: Options, job: ImportJob) -> Options:
    """Return the options with codes for the city and dealer that people named.

    Raises:
        InvalidInput: we know none of that name, or no tag can have the one given.
    """
    problems = _tag_problems(options)
    known = selectors.known_names(brand_id=job.brand_id, mapping={})
    values = options.as_json()
    if options.default_city:
        values["default_city"] = known.cities.get(plain(options.default_city)) or ""
        if not values["default_city"]:
            detail = _("We know no city of this name.")
            problems.append(Problem("/options/default_city", "unknown", detail))
    if options.default_dealer:
        dealer = known.dealers.get(plain(options.default_dealer))
        found = Dealer.objects.filter(pk=dealer) if dealer else Dealer.objects.none()
        code = found.values_list("code", flat=True).first()
        values["default_dealer"] = code or ""
        if code is None:
            detail = _("We know no dealer of this code or name.")
            problems.append(Problem("/options/default_dealer", "unknown", detail))
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    values["language"] = options.language or job.options.get("language", "")
    return parse_options(values)


def _tag_problems(options: Options) -> list[Problem]:
    """Return what is wrong with the tags for everybody, by the rules for cells."""
    problems: list[Problem] = []
    try:
        read_tags(options.tags, "")
    except BadValue as bad:
        problems.append(Problem("/options/tags", str(bad), str(REASONS[str(bad)])))
    try:
        read_tag_name(options.tag_group)
    except BadValue as bad:
        problems.append(Problem("/options/tag_group", str(bad), str(REASONS[str(bad)])))
    return problems


def _title(job: ImportJob) -> str:
    subject = str(job.get_subject_display())
    template = _("Trial of %(subject)s: %(file)s") if job.is_dry_run else _("%(subject)s: %(file)s")
    return (template % {"subject": subject, "file": job.file.name})[:160]


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block


@transaction.atomic
def bring_in_rows(
    *,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    actor: Viewer,
    now: datetime,
    is_domestic: bool = True,
) -> list[batching.Row]:
    """Bring in members, vehicles or orders that a program sends; each row is judged alone.

    Rows mean what they would mean in a file; see ``batching``.

    Raises:
        Forbidden: the actor may not import, or sees a part of the brand only.
    """
    actor.require(Permission.MEMBERS_IMPORT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Batches are for those who see the whole brand."))
    results = batching.bring_in(kind=kind, rows=rows, is_domestic=is_domestic, actor=actor, now=now)
    counts = Counter(row.outcome for row in results)
    if counts["created"] or counts["updated"]:
        data = {"kind": kind} | {name: counts[name] for name in OUTCOMES}
        brand = Brand.objects.get(pk=actor.brand_id)
        audit.record(action="batch.brought_in", subject=brand, actor=actor, now=now, data=data)
    return results
