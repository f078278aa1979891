"""Walks every encrypted field by primary key; a batch and the position after it commit together.

A killed walk goes on where its last commit was. Two walks at once wait for each other at the
position's row. A row that somebody writes in between is left alone: it was written with the
newest key, or the count at the end finds it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from core.audit import services as audit
from core.kernel import crypto
from core.kernel.access import system_viewer
from core.kernel.faults import point
from core.kernel.scoping import tenant
from core.key_rotation import selectors
from core.key_rotation.models import KeyRotation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from core.key_rotation.selectors import SealedField

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """What one batch did."""

    rewritten: int
    is_finished: bool


def newest_key() -> str:
    """Return the id of the key that seals."""
    return next(iter(settings.FIELD_KEYS))


def rotate(
    *,
    brand_id: int,
    field: SealedField,
    clock: Callable[[], datetime],
    batch: int = BATCH,
) -> int:
    """Seal one field of one brand with the newest key; return how many rows that changed.

    Opens its own transactions. What was finished before is walked again only if rows of older
    keys have turned up since.
    """
    with tenant(brand_id):
        old = _older(selectors.rows_per_key(brand_id=brand_id, field=field))
        held = _position(brand_id, field, clock())
        if held.finished_at is not None and not old:
            return 0
        if held.finished_at is not None:
            KeyRotation.objects.filter(pk=held.pk).update(after_id=0, finished_at=None)
    rewritten = 0
    while True:
        with tenant(brand_id):
            done = _step(brand_id, field, clock(), batch)
        point("key_rotation.after_batch")
        rewritten += done.rewritten
        if done.is_finished:
            return rewritten


def rows_left(*, brand_id: int) -> dict[str, int]:
    """Return how many values each key but the newest still seals in a brand."""
    left: dict[str, int] = {}
    for field in selectors.sealed_fields():
        with tenant(brand_id):
            found = _older(selectors.rows_per_key(brand_id=brand_id, field=field))
        for key, count in found.items():
            left[key] = left.get(key, 0) + count
    return left


def _older(counts: dict[str, int]) -> dict[str, int]:
    return {key: count for key, count in counts.items() if key != newest_key()}


def _position(brand_id: int, field: SealedField, now: datetime) -> KeyRotation:
    named = {"brand_id": brand_id, "table": field.label, "field": field.field}
    KeyRotation.objects.get_or_create(**named, key_id=newest_key(), defaults={"updated_at": now})
    return KeyRotation.objects.select_for_update().get(**named, key_id=newest_key())


def _step(brand_id: int, field: SealedField, now: datetime, limit: int) -> Progress:
    held = _position(brand_id, field, now)
    rows = selectors.batch(brand_id=brand_id, field=field, after=held.after_id, limit=limit)
    ids, before, after = [], [], []
    for row_id, kept in rows:
        fresh = _resealed(kept, form=field.form)
        if fresh is not None:
            ids.append(row_id)
            before.append(kept)
            after.append(fresh)
    rewritten = _write(brand_id, field, ids, before, after) if ids else 0
    is_finished = len(rows) < limit
    held.after_id = rows[-1][0] if rows else held.after_id
    held.rewritten, held.updated_at = held.rewritten + rewritten, now
    held.finished_at = now if is_finished else None
    held.save()
    if is_finished and held.rewritten:
        data = {"table": field.label, "field": field.field, "key": held.key_id}
        audit.record(
            action="keys.rotated",
            subject=held,
            actor=system_viewer(brand_id),
            now=now,
            data=data | {"count": held.rewritten},
        )
    return Progress(rewritten, is_finished)


def _resealed(kept: Any, *, form: str) -> Any:
    """Return the value sealed anew; None where the newest key has done so, or none of ours has."""
    try:
        sealed = _bytes_of(kept, form)
    except ValueError:
        return None
    key_id = sealed.partition(b"\0")[0].decode("ascii", "replace")
    if key_id == newest_key() or key_id not in settings.FIELD_KEYS:
        return None
    fresh = crypto.encrypt(crypto.decrypt(sealed))
    if form == "hex":
        return f"\\x{fresh.hex()}"
    return base64.b64encode(fresh).decode() if form else fresh


def _bytes_of(kept: Any, form: str) -> bytes:
    if form == "hex":
        return bytes.fromhex(kept.removeprefix("\\x"))
    return base64.b64decode(kept, validate=True) if form else bytes(kept)


def _write(
    brand_id: int,
    field: SealedField,
    ids: Sequence[int],
    before: Sequence[Any],
    after: Sequence[Any],
) -> int:
    """Put the new values where the old ones still stand; return how many did."""
    column, kind = field.column, "text" if field.form else "bytea"
    becomes = (
        f"jsonb_set(row.{column}, '{{{field.key}}}', to_jsonb(given.fresh))"
        if field.form
        else "given.fresh"
    )
    sql = f"""
        UPDATE {field.table} AS row SET {column} = {becomes}
        FROM unnest(%(ids)s::bigint[], %(before)s::{kind}[], %(after)s::{kind}[])
            AS given (id, stood, fresh)
        WHERE row.brand_id = %(brand)s AND row.id = given.id AND row.{field.kept_sql} = given.stood
    """  # noqa: S608  only names of the model's own table and column are put in
    values: dict[str, Any] = {"brand": brand_id, "ids": ids, "before": before, "after": after}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
