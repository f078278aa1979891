"""One effect per key. The lock, the effect and the kept answer share one transaction.

So a killed server leaves neither effect nor answer nor lock, and the retry may run at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _

from core.idempotency.models import IdempotencyKey
from core.kernel import crypto
from core.kernel.errors import DomainError, Kind

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

KEPT = timedelta(days=7)
SWEEP_ROWS = 5_000


class KeyInUse(DomainError):
    """The first request with this key has not ended yet."""

    code = "idempotency_key_in_use"


class KeyReused(DomainError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    kind = Kind.INVALID


@dataclass(frozen=True)
class Answer:
    """What the caller was told: status, JSON body and the headers that matter."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def recall(*, key: str, request_hash: bytes, actor: Viewer, now: datetime) -> Answer | None:
    """Take the key for the rest of the transaction and return the answer kept for it, if any.

    Raises:
        KeyInUse: another transaction holds the key.
        KeyReused: the answer kept belongs to a different request.
    """
    who = _name_of(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))",
            [f"idempotency {who} {key}", actor.brand_id],
        )
        if not cursor.fetchone()[0]:
            raise KeyInUse(_("A request with this Idempotency-Key is still being worked on."))
    found = IdempotencyKey.objects.filter(brand_id=actor.brand_id, actor=who, key=key).first()
    if found is None:
        return None
    if found.created_at < now - KEPT:
        found.delete()
        return None
    if bytes(found.request_hash) != request_hash:
        raise KeyReused(_("This Idempotency-Key was used for another request."))
    kept = json.loads(crypto.decrypt(bytes(found.answer)))
    return Answer(status=found.status, body=kept["body"], headers=kept["headers"])


def keep(*, key: str, request_hash: bytes, answer: Answer, actor: Viewer, now: datetime) -> None:
    """Remember what was answered, in the transaction that did it; the caller has recalled first."""
    text = json.dumps({"body": answer.body, "headers": answer.headers}, ensure_ascii=False)
    IdempotencyKey.objects.create(
        brand_id=actor.brand_id,
        actor=_name_of(actor),
        key=key,
        request_hash=request_hash,
        status=answer.status,
        answer=crypto.encrypt(text),
        created_at=now,
    )


def sweep(*, brand_id: int, now: datetime) -> int:
    """Forget some answers older than a week; returns how many."""
    old = IdempotencyKey.objects.filter(brand_id=brand_id).older_than(now - KEPT)
    some = old.order_by("created_at").values("pk")[:SWEEP_ROWS]
    gone, _by_model = IdempotencyKey.objects.filter(pk__in=some).delete()
    return gone


def _name_of(actor: Viewer) -> str:
    return f"staff:{actor.staff_id}" if actor.staff_id is not None else f"key:{actor.api_key_id}"
