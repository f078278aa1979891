"""Looks for members who may be one person, and keeps what people say about a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission, system_viewer
from core.kernel.errors import DomainError, NotFound
from core.runs import services as runs
from core.runs.models import Run
from members.duplicates import finding
from members.duplicates.models import DuplicatePair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.ports import MixUp

FIND_KIND = "find_duplicates"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('members.duplicates', %s))"


class AlreadyLooking(DomainError):
    """Somebody looks for duplicates already."""

    code = "already_looking"


@transaction.atomic
def find_duplicates(*, actor: Viewer, now: datetime) -> Run:
    """Look through all members in the background; what people dismissed is not shown again.

    The run reads the whole brand; who looks at the pairs sees those of their own scope.

    Raises:
        AlreadyLooking: the last one is still under way.
        Forbidden: the actor may not edit members.
    """
    actor.require(Permission.MEMBERS_EDIT)
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [actor.brand_id])
    if Run.objects.filter(brand_id=actor.brand_id, kind=FIND_KIND).open().exists():
        raise AlreadyLooking(_("The members are being looked through already. Wait for the end."))
    return runs.start_run(
        kind=FIND_KIND,
        title=_("Look for duplicate members"),
        params={"as_of": now.isoformat()},
        actor=actor,
        now=now,
        unit="steps",
    )


@transaction.atomic
def find_nightly(*, brand_id: int, now: datetime) -> bool:
    """Look through the brand's members, unless somebody does already; return whether."""
    try:
        find_duplicates(actor=system_viewer(brand_id), now=now)
    except AlreadyLooking:
        return False
    return True


def keep_told(*, mix_ups: Sequence[MixUp], brand_id: int, now: datetime) -> None:
    """Keep the pairs that refusals told of, for people to judge; see ``profiles.ports.MixUp``.

    Who may see a pair is as for those that are found: only who may see both members.
    """
    finding.keep_told(mix_ups=mix_ups, brand_id=brand_id, now=now)


@transaction.atomic
def dismiss(*, pair: DuplicatePair, actor: Viewer, now: datetime) -> DuplicatePair:
    """Note that the two are two people. Doing it twice changes nothing.

    Raises:
        NotFound: one of them was merged meanwhile.
    """
    actor.require(Permission.MEMBERS_EDIT)
    held = DuplicatePair.objects.select_for_update().filter(pk=pair.pk).first()
    if held is None:
        raise NotFound
    if held.state == DuplicatePair.State.DISMISSED:
        return held
    held.state, held.dismissed_at = DuplicatePair.State.DISMISSED, now
    held.dismissed_by_label = actor.label
    held.save(update_fields=["state", "dismissed_at", "dismissed_by_label"])
    data = {"other": held.second_id}
    audit.record(action="member.not_duplicate", subject=held.first, actor=actor, now=now, data=data)
    return held
