from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.audit import anchors, selectors
from core.audit.models import AuditCheck, AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandRow

logger = logging.getLogger(__name__)


def record(
    *,
    action: str,
    subject: BrandRow,
    actor: Viewer,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    """Append to the audit trail, in the caller's transaction.

    ``action`` reads ``subject.past_tense``. ``data`` holds JSON values without personal data.
    """
    _entry(action, subject, actor, now, data or {}).save(force_insert=True)


def record_each(
    *,
    action: str,
    told: Iterable[tuple[BrandRow, Mapping[str, Any]]],
    actor: Viewer,
    now: datetime,
) -> None:
    """Append one act on each of several rows, with its data, in one statement; see ``record``."""
    AuditEntry.objects.bulk_create(
        [_entry(action, subject, actor, now, data) for subject, data in told]
    )


def _entry(
    action: str, subject: BrandRow, actor: Viewer, now: datetime, data: Mapping[str, Any]
) -> AuditEntry:
    return AuditEntry(
        brand_id=subject.brand_id,
        actor_id=actor.staff_id,
        actor_label=actor.label,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        dealer_id=getattr(subject, "dealer_id", None) or getattr(subject, "home_dealer_id", None),
        data=dict(data),
        created_at=now,
    )


def anchor_head(*, brand_id: int, now: datetime) -> bool:
    """Write the brand's newest link into the anchor file outside the database, if it moved.

    A head behind its own anchor is left to ``check_chain`` to report: anchoring it would cover up.
    """
    head = selectors.head_of(brand_id=brand_id)
    last = anchors.newest(brand_id=brand_id)
    if head is None or (last is not None and head.seq <= last.seq):
        return False
    anchors.append(brand_id=brand_id, seq=head.seq, head=bytes(head.hash), now=now)
    return True


def check_chain(*, brand_id: int, now: datetime) -> AuditCheck:
    """Verify the brand's chain and keep the verdict; a fault is also an error in the log."""
    verdict = selectors.verify(brand_id=brand_id)
    for fault in verdict.faults:
        logger.error("audit chain of brand %s: %s", brand_id, fault)
    return AuditCheck.objects.create(
        brand_id=brand_id,
        checked_at=now,
        seq=verdict.seq,
        anchored_seq=verdict.anchored_seq,
        faults=[asdict(fault) for fault in verdict.faults],
    )
