"""Uploads and result files: bytes under FILES_DIR, a row that says whose they are."""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.files import storage
from core.files.models import StoredFile
from core.files.rules import safe_name
from core.kernel.errors import DomainError, Kind, NotFound
from core.kernel.scoping import tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from core.kernel.access import Permission, Viewer

LIFETIME = timedelta(days=30)
# With the hours between two sweeps well below a day: somebody deleted may be in such bytes.
ORPHAN_AGE = timedelta(hours=6)
SWEEP_BATCH = 500
# How long the row of a deleted result is kept, so that its old address says what became of it.
REMEMBERED = timedelta(days=365)
# Excel reads UTF-8 only with a byte order mark in front.
CSV_ENCODING = "utf-8-sig"


class FileTooLarge(DomainError):
    """More bytes arrived than this kind of file may have; nothing was kept."""

    code = "file_too_large"
    kind = Kind.TOO_LARGE


class FileGone(DomainError):
    """The file has expired or was deleted."""

    code = "file_gone"
    kind = Kind.GONE


class FileOutOfSight(NotFound):
    """The file holds rows that the viewer may not see now."""

    code = "file_out_of_sight"


def store_upload(
    *,
    brand_id: int,
    name: str,
    chunks: Iterable[bytes],
    limit_bytes: int,
    actor: Viewer,
    now: datetime,
    needs: Permission | None = None,
) -> StoredFile:
    """Stream an upload to disk, then write its row; no transaction is open while bytes arrive.

    ``needs`` is the permission that downloading it asks for besides scope.

    Raises:
        FileTooLarge: it passes ``limit_bytes``; nothing is kept.
    """
    path = storage.fresh_path(brand_id=brand_id, now=now)
    with storage.Writer(path, limit_bytes=limit_bytes) as writer:
        try:
            for chunk in chunks:
                writer.write(chunk)
        except storage.TooMany as error:
            megabytes = max(1, limit_bytes // 1024**2)
            raise FileTooLarge(
                _("The file is larger than %(limit)s MB. Split it and upload the parts.")
                % {"limit": megabytes},
                limit_bytes=limit_bytes,
            ) from error
        return _keep(
            writer,
            StoredFile(brand_id=brand_id, purpose=StoredFile.Purpose.IMPORT, name=safe_name(name)),
            actor=actor,
            now=now,
            needs=needs,
        )


class ResultFile:
    """What ``result_writer`` yields: write ``binary`` or ``text``, afterwards read ``stored``."""

    stored: StoredFile

    def __init__(self, writer: storage.Writer) -> None:
        """Wrap the file being written."""
        self._writer = writer

    @property
    def binary(self) -> BinaryIO:
        """The handle for bytes, for openpyxl and zipfile."""
        return cast("BinaryIO", self._writer)

    @cached_property
    def text(self) -> TextIO:
        """The handle for text, as the csv module wants it: UTF-8 that Excel recognizes."""
        return io.TextIOWrapper(cast("Any", self._writer), encoding=CSV_ENCODING, newline="")

    def finish(self) -> None:
        """Hand over what the text handle still holds."""
        if "text" in self.__dict__:
            self.text.flush()


@contextmanager
def result_writer(
    *,
    brand_id: int,
    name: str,
    actor: Viewer,
    now: datetime,
    lifetime: timedelta = LIFETIME,
    needs: Permission | None = None,
    holds: Viewer | None = None,
) -> Iterator[ResultFile]:
    """Write a result file; leaving the block without an error gives it a row in ``.stored``.

    The row commits with the caller's transaction; bytes left by one that rolled back are swept
    within a day. ``holds`` says whose sight the rows inside were read through: only who sees as
    much, and still has ``needs``, may fetch the file.
    """
    path = storage.fresh_path(brand_id=brand_id, now=now)
    with storage.Writer(path) as writer:
        result = ResultFile(writer)
        yield result
        result.finish()
        row = StoredFile(brand_id=brand_id, purpose=StoredFile.Purpose.RESULT, name=safe_name(name))
        if holds is not None:
            dealers = None if holds.dealer_ids is None else sorted(holds.dealer_ids)
            row.holds = {"dealer_ids": dealers}
        result.stored = _keep(writer, row, actor=actor, now=now, needs=needs, lifetime=lifetime)


@contextmanager
def piece_writer(*, brand_id: int, actor: Viewer, now: datetime) -> Iterator[ResultFile]:
    """Write one piece of a result that takes several steps; nobody can fetch it.

    It expires like any file, so that a run that never ends leaves nothing for ever.
    """
    with storage.Writer(storage.fresh_path(brand_id=brand_id, now=now)) as writer:
        result = ResultFile(writer)
        yield result
        result.finish()
        row = StoredFile(brand_id=brand_id, purpose=StoredFile.Purpose.PIECE, name="piece")
        result.stored = _keep(writer, row, actor=actor, now=now)


def _keep(
    writer: storage.Writer,
    row: StoredFile,
    *,
    actor: Viewer,
    now: datetime,
    needs: Permission | None = None,
    lifetime: timedelta = LIFETIME,
) -> StoredFile:
    writer.keep()
    row.path, row.size_bytes, row.sha256 = writer.path, writer.size_bytes, writer.sha256
    row.needs, row.created_by_id = needs or "", actor.staff_id
    row.created_at, row.expires_at = now, now + lifetime
    try:
        with tenant(row.brand_id):
            row.save(force_insert=True)
    except BaseException:
        storage.remove(writer.path)
        raise
    return row


def open_file(*, stored: StoredFile, now: datetime) -> BinaryIO:
    """Open the bytes for reading.

    Raises:
        FileGone: expired, or no longer on disk.
    """
    if stored.expires_at is not None and stored.expires_at <= now:
        raise FileGone(_("This file has expired and was deleted. Have it written again."))
    return open_bytes(stored=stored)


def open_bytes(*, stored: StoredFile) -> BinaryIO:
    """Open what lies on disk, expired or not, to look for somebody in it.

    Raises:
        FileGone: nothing does any more.
    """
    try:
        return storage.absolute(stored.path).open("rb")
    except FileNotFoundError as error:
        raise FileGone(_("This file is no longer kept.")) from error


def download(*, stored: StoredFile, actor: Viewer, now: datetime) -> BinaryIO:
    """Open a file for a person who takes it away; the audit trail remembers.

    Raises:
        Forbidden: the file needs a permission that no role of the actor has.
        FileGone: expired, or no longer on disk.
        FileOutOfSight: it holds rows outside the actor's sight.
    """
    if stored.holds is not None and not _sees(actor, stored.holds["dealer_ids"]):
        raise FileOutOfSight(_("This file holds more than you may see now."))
    if stored.needs and (stored.holds is not None or stored.created_by_id != actor.staff_id):
        actor.require(cast("Permission", stored.needs))
    handle = open_file(stored=stored, now=now)
    audit.record(
        action="file.downloaded",
        subject=stored,
        actor=actor,
        now=now,
        data={"purpose": stored.purpose, "bytes": stored.size_bytes},
    )
    return handle


def _sees(actor: Viewer, dealer_ids: list[int] | None) -> bool:
    if actor.dealer_ids is None:
        return True
    return dealer_ids is not None and actor.dealer_ids.issuperset(dealer_ids)


@transaction.atomic
def delete_pieces(*, brand_id: int, ids: Sequence[int]) -> None:
    """Delete pieces that nobody needs any more; the bytes go once that has committed."""
    rows = StoredFile.objects.filter(
        brand_id=brand_id, purpose=StoredFile.Purpose.PIECE, pk__in=ids
    )
    paths = list(rows.values_list("path", flat=True))
    rows.delete()

    def remove() -> None:
        for path in paths:
            storage.remove(path)

    transaction.on_commit(remove)


@transaction.atomic
def discard(*, stored: StoredFile, now: datetime) -> None:
    """Delete the bytes once this has committed, and the row unless something still refers to it.

    The address of a result tells that it expired, an import which file it read.
    """
    path = stored.path
    if stored.purpose == StoredFile.Purpose.RESULT or not _deleted(stored):
        _keep_row(stored, now)
    transaction.on_commit(lambda: storage.remove(path))


@transaction.atomic
def empty_file(*, stored: StoredFile, name: str, now: datetime) -> None:
    """Take the bytes away for good; the row stays for what refers to it, and says that it expired.

    Nothing of what was in the file is kept: neither its size nor its hash.
    """
    stored.name, stored.size_bytes, stored.sha256 = name, 0, ""
    path = stored.path
    _keep_row(stored, now)
    transaction.on_commit(lambda: storage.remove(path))


def _deleted(stored: StoredFile) -> bool:
    try:
        with transaction.atomic():
            stored.delete()
    except (ProtectedError, IntegrityError):
        return False
    return True


def _keep_row(stored: StoredFile, now: datetime) -> None:
    stored.deleted_at = now
    stored.expires_at = min(stored.expires_at or now, now)
    stored.save(update_fields=["name", "size_bytes", "sha256", "deleted_at", "expires_at"])


def delete_expired(*, brand_id: int, now: datetime) -> int:
    """Delete expired files, and bytes that never got a row. Opens its own transactions.

    Of what somebody may still ask for only the bytes go at first.
    """
    due = {"expires_at__lte": now, "deleted_at": None}
    forgotten = {"expires_at__lte": now - REMEMBERED, "deleted_at__isnull": False}
    deleted = _in_batches(brand_id, due, lambda stored: discard(stored=stored, now=now))
    _in_batches(brand_id, forgotten, _forget)
    return deleted + _sweep_orphans(brand_id, now - ORPHAN_AGE)


def _forget(stored: StoredFile) -> None:
    """Delete the row; what an import names stays, and is not looked at again."""
    if not _deleted(stored):
        stored.expires_at = None
        stored.save(update_fields=["expires_at"])


def _in_batches(brand_id: int, which: dict[str, Any], act: Callable[[StoredFile], None]) -> int:
    acted = 0
    while True:
        with tenant(brand_id):
            rows = StoredFile.objects.filter(brand_id=brand_id, **which).order_by("pk")
            batch = list(rows.select_for_update(skip_locked=True)[:SWEEP_BATCH])
            for stored in batch:
                act(stored)
        acted += len(batch)
        if len(batch) < SWEEP_BATCH:
            return acted


def _sweep_orphans(brand_id: int, before: datetime) -> int:
    found = list(storage.paths_older_than(brand_id=brand_id, before=before))
    with tenant(brand_id):
        known = set(StoredFile.objects.filter(path__in=found).values_list("path", flat=True))
    orphans = [path for path in found if path not in known]
    for path in orphans:
        storage.remove(path)
    return len(orphans)
