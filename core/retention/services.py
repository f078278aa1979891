from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission, system_viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.retention import selectors
from core.retention.models import RetentionRule
from core.retention.ports import kinds

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

BATCH = 10_000


@transaction.atomic
def change_rule(*, kind: str, days: int, actor: Viewer, now: datetime) -> RetentionRule:
    """Set after how many days one kind of data is emptied, from the coming night on.

    Raises:
        Forbidden: the actor may not edit the rules of privacy, or does not see the whole brand.
        NotFound: there is no such kind.
        InvalidInput: fewer days than the kind is needed for, or more than ten years.
    """
    actor.require(Permission.PRIVACY_EDIT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Only who sees the whole brand may change its rules."))
    retained = kinds().get(kind)
    if retained is None:
        raise NotFound
    if not retained.least <= days <= retained.most:
        text = _("Choose from %(least)s to %(most)s days.")
        text %= {"least": retained.least, "most": retained.most}
        raise InvalidInput.on("/days", text, "out_of_range")
    before = selectors.days_of(brand_id=actor.brand_id)[kind]
    rule, _is_new = RetentionRule.objects.update_or_create(
        brand_id=actor.brand_id, kind=kind, defaults={"days": days}
    )
    data = {"kind": kind, "days": days, "days_before": before}
    audit.record(action="retention.changed", subject=rule, actor=actor, now=now, data=data)
    return rule


def purge_due(*, brand_id: int, now: datetime, batch: int = BATCH) -> dict[str, int]:
    """Empty whatever is too old, a batch a transaction, each with its line in the audit trail.

    Opens its own transactions. What a killed night leaves is due the next one.
    """
    with tenant(brand_id):
        days = selectors.days_of(brand_id=brand_id)
    emptied = {}
    for kind in kinds():
        before = selectors.before_of(days=days[kind], now=now)
        emptied[kind] = _purge(brand_id, kind, before, now, batch)
    return emptied


def _purge(brand_id: int, kind: str, before: datetime, now: datetime, limit: int) -> int:
    purger, after, emptied = kinds()[kind].purger, 0, 0
    while True:
        with tenant(brand_id):
            done = purger.purge(brand_id=brand_id, before=before, after=after, limit=limit, now=now)
            if done.emptied:
                audit.record(
                    action="retention.emptied",
                    subject=Brand.objects.get(pk=brand_id),
                    actor=system_viewer(brand_id),
                    now=now,
                    data={"kind": kind, "count": done.emptied, "before": before.isoformat()},
                )
        emptied += done.emptied
        if done.last_id is None:
            return emptied
        after = done.last_id
