"""What ``import_members`` and ``import_orders`` share: the console's services, from a terminal."""

from __future__ import annotations

import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.files import services as files
from core.kernel.access import Viewer, system_viewer
from core.kernel.errors import DomainError
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.runs import services as runs
from core.runs.models import Run
from members.imports import selectors, services
from members.imports.models import ImportJob

if TYPE_CHECKING:
    from collections.abc import Iterable

SLICE = timedelta(seconds=1)
SHOWN_REJECTIONS = 5


class ImportCommand(BaseCommand):
    """Uploads one file, starts it and works it off here, or watches the worker that took it."""

    subject = ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, how to read it, and for which brand."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--brand", default="", metavar="CODE", help="needed with several brands"
        )
        parser.add_argument("--profile", default="", metavar="NAME", help="a mapping saved before")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="on top of the profile or what the headers suggest; FIELD= leaves a field out",
        )
        parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
        parser.add_argument("--dry-run", action="store_true", help="count and write nothing")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="copy rejected rows here")

    def handle(self, *_args: Any, **given: Any) -> None:
        """Bring the file in and print what became of its rows.

        Raises:
            CommandError: the file, the mapping or an option is refused, or the run fails.
        """
        actor = system_viewer(self._brand(given["brand"]).pk, label=f"import_{self.subject}")
        try:
            job = self._received(given["file"], actor)
            run = self._started(job, given, actor)
            self._watch(run, actor)
        except DomainError as refusal:
            told = "".join(f"\n  {p.pointer}: {p.detail}" for p in refusal.problems)
            raise CommandError(f"{refusal}{told}") from refusal
        self._report(job.pk, given["errors"], actor)

    def _brand(self, code: str) -> Brand:
        brands = list(Brand.objects.filter(**({"code": code} if code else {}))[:2])
        if len(brands) != 1:
            known = ", ".join(Brand.objects.order_by("code").values_list("code", flat=True)[:20])
            raise CommandError(f"Name one brand with --brand CODE: {known or 'there is none'}.")
        return brands[0]

    def _received(self, path: Path, actor: Viewer) -> ImportJob:
        try:
            with path.open("rb") as file:
                return services.receive_file(
                    file=file, name=path.name, subject=self.subject, actor=actor, now=timezone.now()
                )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from error

    def _started(self, job: ImportJob, given: dict[str, Any], actor: Viewer) -> Run:
        with tenant(actor.brand_id):
            mapping, options = dict(job.mapping), dict(job.options)
            if given["profile"]:
                profile = selectors.profile_of_name(subject=self.subject, name=given["profile"])
                if profile is None:
                    raise CommandError(f"There is no profile {given['profile']!r}.")
                mapping, options = profile.mapping, options | profile.options
            mapping |= _pairs(given["map"], "--map")
            options |= _pairs(given["option"], "--option")
            columns = ", ".join(
                f"{field} ← {column}" for field, column in mapping.items() if column
            )
            self.stdout.write(f"{job.row_estimate:,} rows; {columns}")
            return services.start_import(
                job_id=job.pk,
                mapping=mapping,
                options=options,
                is_dry_run=given["dry_run"],
                actor=actor,
                now=timezone.now(),
            )

    def _watch(self, run: Run, actor: Viewer) -> None:
        """Work runs of the brand off until ours has ended, whoever does it."""
        shown = -1
        while run.is_open:
            runs.work_due(brand_id=actor.brand_id, clock=timezone.now, budget=SLICE)
            with tenant(actor.brand_id):
                run = Run.objects.get(pk=run.pk)
            if run.done != shown and sys.stdout.isatty():
                shown = run.done
                self.stdout.write(f"\r{run.done:,} of {run.total or 0:,} rows", ending="")
                self.stdout.flush()
        if shown >= 0:
            self.stdout.write("")
        if run.state != Run.State.SUCCEEDED:
            raise CommandError(run.error or f"The import was {run.state}.")

    def _report(self, job_id: int, errors: Path | None, actor: Viewer) -> None:
        with tenant(actor.brand_id):
            job = ImportJob.objects.select_related("errors_file").get(pk=job_id)
            first = selectors.first_rejections(job=job, limit=SHOWN_REJECTIONS)
        verb = "would be" if job.is_dry_run else "were"
        self.stdout.write(
            f"{job.read_count:,} rows read: {job.created_count:,} {verb} created, "
            f"{job.updated_count:,} updated, {job.unchanged_count:,} left unchanged, "
            f"{job.rejected_count:,} rejected."
        )
        for row in first:
            place = f"row {row.row_number}" + (f", {row.column}" if row.column else "")
            self.stdout.write(f"  {place}: {row.reason}")
        if job.warning_count:
            self.stdout.write(
                f"{job.warning_count:,} rows came in and should be looked at again: "
                "the check digit of the VIN does not fit."
            )
        if job.errors_file is None:
            return
        if errors is None:
            self.stdout.write(f"All rejected rows: /files/{job.errors_file_id}/ (or --errors FILE)")
            return
        with (
            files.open_file(stored=job.errors_file, now=timezone.now()) as source,
            errors.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
        self.stdout.write(f"All rejected rows: {errors}")


def _pairs(texts: Iterable[str], flag: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise CommandError(f"{flag} takes name=value, not {text!r}.")
        pairs[name.strip()] = value.strip()
    return pairs
