from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from communities.policies.models import CommunityPolicy, Kind
from core.kernel.errors import NotFound
from members.segments.ports import Frame

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer


class PolicyMissing(NotFound):
    """The brand has no policy for this kind; ``install_default_policies`` gives it one."""

    code = "policy_missing"


def current_policy(*, brand_id: int, kind: str) -> CommunityPolicy:
    """Return the rules that hold now for a kind of community.

    Raises:
        PolicyMissing: the brand has none yet.
    """
    policy = current_policies(brand_id=brand_id).get(kind)
    if policy is None:
        raise PolicyMissing(_("This brand has no policy for this kind of community yet."))
    return policy


def current_policies(*, brand_id: int) -> dict[str, CommunityPolicy]:
    """Return the rules that hold now, by kind, in the order of the promotion ladder."""
    rows = CommunityPolicy.objects.filter(brand_id=brand_id, is_current=True)
    by_kind = {policy.kind: policy for policy in rows}
    return {kind: by_kind[kind] for kind in Kind.values if kind in by_kind}


def entry_window(*, brand_id: int, days: int, now: datetime) -> tuple[datetime, datetime]:
    """Return from when and until when orders count for entry: whole days, today among them.

    The same days as "in the last so many days" means in the conditions of a segment.
    """
    frame = Frame(brand_id=brand_id, now=now)
    return frame.start_of(frame.today - timedelta(days=days)), frame.end_of(frame.today)


def versions_of(*, brand_id: int, kind: str, limit: int = 20) -> Sequence[CommunityPolicy]:
    """Return a kind's policy versions, newest first."""
    rows = CommunityPolicy.objects.filter(brand_id=brand_id, kind=kind)
    return list(rows.order_by("-policy_version")[:limit])


def describe_policies(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name policies in the audit trail by their kind and version, with where they are."""
    rows = CommunityPolicy.objects.visible_to(viewer).filter(pk__in=ids)
    here = reverse("communities:policies-list")
    said = _("%(kind)s, version %(version)s")
    return {
        row.pk: (said % {"kind": row.get_kind_display(), "version": row.policy_version}, here)
        for row in rows
    }
