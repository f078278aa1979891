from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.audit.models import AuditEntry

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandRow


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
    AuditEntry.objects.create(
        brand_id=subject.brand_id,
        actor_id=actor.staff_id,
        actor_label=actor.label,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        dealer_id=getattr(subject, "dealer_id", None) or getattr(subject, "home_dealer_id", None),
        data=data or {},
        created_at=now,
    )
