from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission, system_viewer
from core.kernel.errors import Forbidden, InvalidInput, StaleVersion
from core.runs import services as runs
from core.runs.models import Run
from members.lifecycle import moving, rules, selectors
from members.lifecycle.models import StageChange, StagePolicy
from members.lifecycle.moving import Whom
from members.lifecycle.rules import Reason
from members.lifecycle.selectors import KIND
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.ports import StageSaid

# Back to the stage before, and from there on: more than two steps are never due at once.
STEPS_AT_ONCE = 2
UNFINISHED = (Run.State.QUEUED, Run.State.RUNNING, Run.State.PAUSED)


@transaction.atomic
def save_policy(
    *, changes: Mapping[str, int], actor: Viewer, now: datetime, version: int | None = None
) -> StagePolicy:
    """Write the next version of the brand's rules; terms that are left out stay.

    It holds from now on; who is moved by it is moved by the next run.

    Raises:
        InvalidInput: the numbers do not fit together.
        StaleVersion: ``version`` is given and is not the newest any more.
        Forbidden: the actor sees only a part of the brand.
    """
    require_editor(actor)
    held = selectors.versions(brand_id=actor.brand_id).select_for_update().first()
    number = held.policy_version if held else 0
    if version is not None and version != number:
        raise StaleVersion(_("Somebody changed the rules meanwhile. Look at them again."))
    before = held.terms if held else rules.Terms()
    after = replace(before, **changes)
    _require_fit(after)
    if held is not None and after == before:
        return held
    policy = _store(after, number + 1, actor, now)
    old, new = before.as_dict(), after.as_dict()
    data = {name: [old[name], new[name]] for name in new if old[name] != new[name]}
    audit.record(action="stage_policy.changed", subject=policy, actor=actor, now=now, data=data)
    return policy


def try_policy(*, changes: Mapping[str, int], actor: Viewer, now: datetime) -> selectors.Effect:
    """Return whom other rules would move if they were applied now; nothing is kept or moved.

    Terms that are left out are those that hold.

    Raises:
        Forbidden: see ``require_editor``.
        InvalidInput: the numbers do not fit together.
    """
    require_editor(actor)
    terms = replace(selectors.in_force(brand_id=actor.brand_id).terms, **changes)
    _require_fit(terms)
    return selectors.effect(brand_id=actor.brand_id, terms=terms, now=now)


def require_editor(actor: Viewer) -> None:
    """Refuse whoever may not change, try or apply the rules.

    Raises:
        Forbidden: no role of the actor allows it, or they do not see the whole brand.
    """
    actor.require(Permission.POLICIES_EDIT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Only who sees the whole brand may change its rules."))


def _require_fit(terms: rules.Terms) -> None:
    if problems := rules.problems_of(terms):
        raise InvalidInput(problems[0].detail, problems=tuple(problems))


def _store(terms: rules.Terms, number: int, actor: Viewer, now: datetime) -> StagePolicy:
    try:
        with transaction.atomic():
            return StagePolicy.objects.create(
                brand_id=actor.brand_id,
                policy_version=number,
                created_by_label=actor.label,
                created_at=now,
                **terms.as_dict(),
            )
    except IntegrityError as error:  # Two people wrote a version of the same number.
        text = _("Somebody changed the rules meanwhile. Look at them again.")
        raise StaleVersion(text) from error


@transaction.atomic
def change_by_hand(
    *, member: Member, to_stage: str, note: str, actor: Viewer, now: datetime
) -> StageChange:
    """Put a member into a stage by a person's word. Locks the member.

    The rules leave it alone until something happens after it; see ``rules``.

    Raises:
        InvalidInput: the reason is missing, or the member is in that stage already.
    """
    note = " ".join(note.split())
    if not note:
        raise InvalidInput.on("/note", _("Say why."), "required")
    held = Member.objects.select_for_update().or_gone(pk=member.pk)
    if held.stage == to_stage:
        raise InvalidInput.on("/to_stage", _("The member is in this stage already."), "same_stage")
    from_stage, held.stage, held.stage_since = held.stage, to_stage, rules.day_of(now)
    held.version, held.updated_at = held.version + 1, now
    held.save(update_fields=["stage", "stage_since", "version", "updated_at"])
    change = StageChange.objects.create(
        brand_id=held.brand_id,
        member=held,
        from_stage=from_stage,
        to_stage=to_stage,
        reason=Reason.MANUAL,
        note=note,
        policy_version=selectors.in_force(brand_id=held.brand_id).version,
        at=now,
        author_id=actor.staff_id,
        author_label=actor.label,
    )
    data = {"from": from_stage, "to": to_stage}
    audit.record(action="member.stage_changed", subject=held, actor=actor, now=now, data=data)
    return change


def tell_said(*, said: Sequence[StageSaid], reason: str, actor: Viewer, now: datetime) -> None:
    """Keep that stages were set past the rules; see ``profiles.ports.stages_said``."""
    version = selectors.in_force(brand_id=actor.brand_id).version
    StageChange.objects.bulk_create(
        [
            StageChange(
                brand_id=actor.brand_id,
                member_id=one.member_id,
                from_stage=one.from_stage,
                to_stage=one.to_stage,
                reason=reason,
                note=one.note,
                policy_version=version,
                at=now,
                author_id=actor.staff_id,
                author_label=actor.label,
            )
            for one in said
        ],
        batch_size=2000,
    )


@transaction.atomic
def follow_facts(*, brand_id: int, member_ids: Sequence[int], now: datetime) -> int:
    """Move those of the members for whom a step is due; return how many steps were done.

    For those to whom something has just happened, so that nobody waits for the night.
    """
    held, done = selectors.in_force(brand_id=brand_id), 0
    whom = Whom.listed(member_ids)
    for _step in range(STEPS_AT_ONCE):
        moved = moving.move(
            brand_id=brand_id, whom=whom, terms=held.terms, version=held.version, now=now
        )
        if not moved:
            break
        done += sum(moved.values())
    return done


@transaction.atomic
def move_everybody(*, actor: Viewer, now: datetime) -> Run:
    """Leave the rules to be applied to every member of the brand.

    Raises:
        Forbidden: no role of the actor allows it, or they do not see the whole brand.
    """
    require_editor(actor)
    held = selectors.in_force(brand_id=actor.brand_id)
    return runs.start_run(
        kind=KIND,
        title=_("Lifecycle: apply the rules"),
        params={"version": held.version, "terms": held.terms.as_dict()},
        unit="members",
        total=Member.objects.filter(brand_id=actor.brand_id).count(),
        subject_url="/members/lifecycle/",
        actor=actor,
        now=now,
    )


@transaction.atomic
def move_nightly(*, brand_id: int, now: datetime) -> bool:
    """Leave the rules to be applied to everybody, unless that is under way; return whether."""
    newest = selectors.newest_run(brand_id=brand_id)
    if newest is not None and newest.state in UNFINISHED:
        return False
    move_everybody(actor=system_viewer(brand_id), now=now)
    return True


def move_stretch(
    *, brand_id: int, after: int, until: int, terms: Mapping[str, Any], version: int, now: datetime
) -> moving.Counts:
    """Move those with keys above one and up to the other, one step each."""
    whom = Whom.stretch(after, until)
    return moving.move(
        brand_id=brand_id, whom=whom, terms=rules.Terms(**terms), version=version, now=now
    )
