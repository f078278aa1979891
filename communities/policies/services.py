from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from communities.policies import rules
from communities.policies.models import CommunityPolicy, Kind
from communities.policies.rules import DEFAULT_TERMS, Terms
from communities.policies.selectors import PolicyMissing
from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import InvalidInput, StaleVersion

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.organizations.models import Brand


@transaction.atomic
def install_default_policies(*, brand: Brand, actor: Viewer, now: datetime) -> int:
    """Give a brand the policies it lacks; doing it again changes nothing. Returns how many."""
    have = set(
        CommunityPolicy.objects.filter(brand_id=brand.pk, is_current=True).values_list(
            "kind", flat=True
        )
    )
    missing = [kind for kind in Kind.values if kind not in have]
    for kind in missing:
        policy = CommunityPolicy.objects.create(
            brand_id=brand.pk,
            kind=kind,
            created_by_label=actor.label,
            created_at=now,
            **DEFAULT_TERMS[kind].as_dict(),
        )
        audit.record(action="policy.installed", subject=policy, actor=actor, now=now)
    return len(missing)


@transaction.atomic
def change_policy(
    *, kind: str, changes: dict[str, Any], policy_version: int, actor: Viewer, now: datetime
) -> CommunityPolicy:
    """Write the next version of a kind's policy; it holds from now on.

    Sending limits bind every community of the kind at once. The number of seats and the names
    bind communities created from now on; those that exist keep theirs. Changing nothing writes
    nothing.

    Raises:
        StaleVersion: ``policy_version`` is not the one that holds now.
        InvalidInput: a value makes no sense; each problem names its field.
        PolicyMissing: the brand has no policy of this kind yet.
    """
    actor.require(Permission.POLICIES_EDIT)
    held = (
        CommunityPolicy.objects.select_for_update()
        .filter(brand_id=actor.brand_id, kind=kind, is_current=True)
        .first()
    )
    if held is None:
        raise PolicyMissing(_("This brand has no policy for this kind of community yet."))
    if held.policy_version != policy_version:
        raise StaleVersion(_("Somebody changed this policy meanwhile. Look at it again."))
    before = terms_of(held)
    after = replace(before, **changes)
    if problems := rules.problems_of(after):
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    if after == before:
        return held
    held.is_current = False
    held.save(update_fields=["is_current"])
    policy = CommunityPolicy.objects.create(
        brand_id=actor.brand_id,
        kind=kind,
        policy_version=held.policy_version + 1,
        created_by_label=actor.label,
        created_at=now,
        **after.as_dict(),
    )
    old, new = before.as_dict(), after.as_dict()
    data = {name: [str(old[name]), str(new[name])] for name in new if old[name] != new[name]}
    audit.record(action="policy.changed", subject=policy, actor=actor, now=now, data=data)
    return policy


def terms_of(policy: CommunityPolicy) -> Terms:
    """Return a policy's rules as plain values."""
    return Terms(**{name: getattr(policy, name) for name in Terms.__dataclass_fields__})
