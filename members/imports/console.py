from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from core.kernel.problems import STATUS_OF_KIND
from core.kernel.scoping import tenant
from core.saved_views import selectors as saved_views
from members.imports import listing, selectors, services
from members.imports.fields import FIELDS
from members.imports.forms import (
    PREFIX,
    MappingForm,
    UploadForm,
    initial_of,
)
from members.imports.models import ImportJob, Subject
from members.imports.presenting import (
    EXAMPLES,
    mapped_columns,
    moving,
    needed_names,
    progress_of,
    shown_job,
    steps,
)
from members.imports.reading.ports import (
    MAX_CSV_ROWS,
    MAX_UPLOAD_BYTES,
    MAX_XLSX_ROWS,
)

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from members.imports.fields import Field

PAGE_SIZE = 30
SHOWN_REJECTIONS = 50


@console(Permission.MEMBERS_IMPORT)
def imports_list(request: ConsoleRequest) -> HttpResponseBase:
    """List files that came in, the newest first."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form),
        order=listing.IMPORTS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": [shown_job(job) for job in page.rows],
        "filter_form": form,
        "views": saved_views.views_of(key="imports", viewer=request.viewer, query=request.GET),
        "is_filtered": any(form.cleaned_data.values()) if form.is_valid() else True,
        "next": page.next,
        "previous": page.previous,
        "columns": [
            ("c-rows", _("Rows")),
            ("c-created", pgettext("rows", "Created")),
            ("c-updated", pgettext("rows", "Updated")),
            ("c-unchanged", pgettext("rows", "Unchanged")),
            ("c-rejected", pgettext("rows", "Rejected")),
        ],
        "live": any(job.run is not None and job.run.is_open for job in page.rows),
    }
    return page_or_partial(
        request, "members/imports/list.html", "members/imports/_list.html", context
    )


@console(Permission.MEMBERS_IMPORT, methods=("GET", "POST"))
def imports_new(request: ConsoleRequest) -> HttpResponseBase:
    """Take a file in and lead on to its columns."""
    if request.method == "GET":
        given = request.GET.get("subject", "")
        subject = given if given in Subject.values else Subject.MEMBERS
        return _upload_page(request, UploadForm(initial={"subject": subject}))
    form = UploadForm(request.POST, request.FILES)
    status = 422
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            # Vetting reads the whole file; no transaction is open meanwhile.
            job = services.receive_file(
                file=upload.file,
                name=upload.name,
                subject=form.cleaned_data["subject"],
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error("file", str(refusal))
            status = STATUS_OF_KIND[refusal.kind]
        else:
            return go_to(request, "members:imports-columns", job.pk)
    with tenant(request.viewer.brand_id):
        return _upload_page(request, form, status)


# Of the two methods only the upload opens its own transactions.
cast("Any", imports_new).opens_own_tenant = frozenset({"POST"})


def _upload_page(request: ConsoleRequest, form: UploadForm, status: int = 200) -> HttpResponseBase:
    context = {
        "form": form,
        "steps": steps(),
        "max_mb": MAX_UPLOAD_BYTES // 1024**2,
        "max_csv_rows": MAX_CSV_ROWS,
        "max_xlsx_rows": MAX_XLSX_ROWS,
        "fields": [
            (str(label), _every_field(request, value), value) for value, label in Subject.choices
        ],
    }
    return page_or_partial(
        request, "members/imports/upload.html", "members/imports/_upload.html", context, status
    )


def _every_field(request: ConsoleRequest, subject: str) -> tuple[Field, ...]:
    own = selectors.own_fields(brand_id=request.viewer.brand_id, subject=subject)
    return (*FIELDS[subject], *own)


@console(Permission.MEMBERS_IMPORT)
def imports_template(request: ConsoleRequest, subject: str) -> HttpResponseBase:
    """Send a file with every column we know and two rows that show how it is filled."""
    if subject not in Subject.values:
        raise NotFound
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    fields = _every_field(request, subject)
    writer.writerow([field.label for field in fields])
    writer.writerows([[row.get(field.name, "") for field in fields] for row in EXAMPLES[subject]])
    response = HttpResponse(
        text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="qunying-{subject}.csv"'
    return response


@console(Permission.MEMBERS_IMPORT, methods=("GET", "POST"))
def imports_columns(request: ConsoleRequest, job_id: int) -> HttpResponseBase:
    """Say which column is what; then try it, or bring it in."""
    job = _job(request, job_id)
    if not services.may_start(job=job):
        return redirect("members:imports-detail", job.pk)
    if request.method == "POST":
        return _choose(request, job)
    mapping, options = job.mapping, job.options
    profiles = selectors.profiles_for(subject=job.subject, headers=job.headers)
    chosen = request.GET.get("profile", "")
    for profile in profiles:
        if str(profile.pk) == chosen:
            mapping, options = profile.mapping, profile.options
    form = MappingForm(job=job, own=_own(job), initial=initial_of(job, mapping, options))
    return _columns_page(request, job, form, mapping, chosen=chosen)


def _own(job: ImportJob) -> tuple[Field, ...]:
    return selectors.own_fields(brand_id=job.brand_id, subject=job.subject)


def _choose(request: ConsoleRequest, job: ImportJob) -> HttpResponseBase:
    own = _own(job)
    form = MappingForm(request.POST, job=job, own=own)
    mapping = form.mapping()
    if request.POST.get("act") == "look":  # A column was chosen: show what it holds.
        form.is_valid()
        initial = initial_of(job, mapping, _typed(form))
        fresh = MappingForm(job=job, own=own, initial=initial)
        return _columns_page(request, job, fresh, mapping, is_changed=True)
    if form.is_valid():
        now, options = timezone.now(), form.options()
        is_trial = request.POST.get("act") != "run"
        try:
            if name := form.cleaned_data["profile_name"]:
                services.save_profile(
                    name=name,
                    subject=job.subject,
                    mapping=mapping,
                    options=options,
                    actor=request.viewer,
                    now=now,
                )
            services.start_import(
                job_id=job.pk,
                mapping=mapping,
                options=options,
                is_dry_run=is_trial,
                actor=request.viewer,
                now=now,
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            return go_to(request, "members:imports-detail", job.pk)
    return _columns_page(request, job, form, mapping, status=422)


def _typed(form: MappingForm) -> dict[str, Any]:
    """Return what was typed into the options, as the form shows it again."""
    shown_again: dict[str, Any] = dict(form.cleaned_data)
    return shown_again


def _refuse(form: MappingForm, refusal: DomainError) -> None:
    for problem in refusal.problems:
        kind, _slash, name = problem.pointer.strip("/").partition("/")
        field = PREFIX + name if kind == "mapping" else name or kind
        form.add_error(field if field in form.fields else None, problem.detail)
    if not refusal.problems:
        form.add_error(None, str(refusal))


def _columns_page(
    request: ConsoleRequest,
    job: ImportJob,
    form: MappingForm,
    mapping: dict[str, str],
    *,
    chosen: str = "",
    is_changed: bool = False,
    status: int = 200,
) -> HttpResponseBase:
    context = {
        "job": job,
        "form": form,
        "rows": mapped_columns(job, form, mapping),
        "preview": [
            (header, [name for name, column in mapping.items() if column == header])
            for header in job.headers
        ],
        "labels": {field.name: field.label for field in form.all},
        "profiles": selectors.profiles_for(subject=job.subject, headers=job.headers),
        "chosen_profile": chosen,
        "is_changed": is_changed,
        "steps": steps(),
        "needed": needed_names(job.subject),
    }
    return page_or_partial(
        request, "members/imports/columns.html", "members/imports/_columns.html", context, status
    )


@console(Permission.MEMBERS_IMPORT)
def imports_detail(request: ConsoleRequest, job_id: int) -> HttpResponseBase:
    """Show how far the file is, or what became of its rows."""
    job = _job(request, job_id)
    if job.run is None:
        return redirect("members:imports-columns", job.pk)
    context = _detail_context(job)
    return page_or_partial(
        request, "members/imports/detail.html", "members/imports/_state.html", context
    )


def _detail_context(job: ImportJob) -> dict[str, Any]:
    run = job.run
    assert run is not None
    return {
        "job": job,
        "row": shown_job(job),
        "run": run,
        "shown": moving(run, timezone.now()),
        "poll_url": reverse("members:imports-detail", args=[job.pk]) if run.is_open else "",
        "rejections": selectors.first_rejections(job=job, limit=SHOWN_REJECTIONS),
        "warnings": selectors.first_warnings(job=job, limit=SHOWN_REJECTIONS),
        "reasons": selectors.rejections_by_reason(job=job),
        "progress": progress_of(job),
        "steps": steps(),
        "may_start": services.may_start(job=job),
    }


@console(Permission.MEMBERS_IMPORT, methods=("POST",))
def imports_start(request: ConsoleRequest, job_id: int) -> HttpResponseBase:
    """Bring in what was tried, with the columns and options of the trial."""
    job = _job(request, job_id)
    services.start_import(
        job_id=job.pk,
        mapping=job.mapping,
        options=job.options,
        is_dry_run=False,
        actor=request.viewer,
        now=timezone.now(),
    )
    return go_to(request, "members:imports-detail", job.pk)


@console(Permission.MEMBERS_IMPORT, methods=("POST",))
def imports_retry(request: ConsoleRequest, job_id: int) -> HttpResponseBase:
    """Let a failed import go on where it stopped."""
    job = _job(request, job_id)
    services.retry_import(job_id=job.pk, actor=request.viewer, now=timezone.now())
    messages.success(request, _("The import goes on after the last row that came in"))
    return go_to(request, "members:imports-detail", job.pk)


def _job(request: ConsoleRequest, job_id: int) -> ImportJob:
    jobs = ImportJob.objects.visible_to(request.viewer).select_related("file", "run", "errors_file")
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job
