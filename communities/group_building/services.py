"""Rules: written, changed, archived. Runs: planned, confirmed, discarded.

What the worker does in between is in ``handlers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.http import QueryDict  # noqa: TID251  (an address's query, parsed; no request)
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from communities.communities.models import Community
from communities.group_building import checking, rules
from communities.group_building.models import BuildGroup, BuildRule, BuildRun
from core.audit import services as audit
from core.exports import services as exports
from core.exports.rules import FileFormat
from core.kernel.access import Permission
from core.kernel.errors import DomainError, Forbidden, InvalidInput, NotFound, StaleVersion
from core.runs import services as runs
from core.runs.models import Run

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

PLAN_KIND = "build_plan"
APPLY_KIND = "build_apply"
LEFT_OUT_LIST = "build-left-out"


class WrongState(DomainError):
    """The run has moved on, so this can no longer be done."""

    code = "wrong_state"


class NobodyToPlace(DomainError):
    """The plan places nobody; confirming it would do nothing."""

    code = "nobody_to_place"


class AlreadyApplying(DomainError):
    """Another run of the same rule is placing people right now."""

    code = "already_applying"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWanted:
    """What a rule should say. Empty cap and template come from the policy when a run is planned."""

    name: str
    kind: str
    group_by: tuple[str, ...] = ()
    segment_id: int | None = None
    room_cap: int | None = None
    name_template: str = ""
    topic: str = ""
    skip: str = BuildRule.Skip.SAME_KIND
    promotes: bool = False
    tag_group_id: int | None = None
    event: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@transaction.atomic
def create_rule(*, wanted: RuleWanted, actor: Viewer, now: datetime) -> BuildRule:
    """Write a rule. It does nothing until a run of it is planned and confirmed.

    Raises:
        InvalidInput: a value makes no sense; each problem names its field.
    """
    _require_builder(actor)
    columns = checking.columns_of(wanted, actor, now)
    rule = BuildRule.objects.create(
        brand_id=actor.brand_id,
        created_by_id=actor.staff_id,
        created_at=now,
        updated_at=now,
        **columns,
    )
    audit.record(action="build_rule.created", subject=rule, actor=actor, now=now)
    return rule


@transaction.atomic
def edit_rule(
    *, rule_id: int, wanted: RuleWanted, version: int, actor: Viewer, now: datetime
) -> BuildRule:
    """Change a rule. Runs that were planned keep the rule as it was then.

    Raises:
        StaleVersion: somebody changed it since ``version`` was read.
        InvalidInput: a value makes no sense, or the kind would no longer be that of the
            communities the rule has built.
    """
    rule = _held_rule(rule_id, actor)
    if rule.version != version:
        raise StaleVersion(_("Somebody changed this rule meanwhile. Look at it again."))
    columns = checking.columns_of(wanted, actor, now, rule)
    if rule.kind != wanted.kind and _has_communities(rule):
        text = _("This rule has built communities of its kind. Make another rule instead.")
        raise InvalidInput.on("/kind", text, "kind_in_use")
    changed = [name for name, value in columns.items() if getattr(rule, name) != value]
    if not changed:
        return rule
    for name, value in columns.items():
        setattr(rule, name, value)
    rule.version, rule.updated_at = rule.version + 1, now
    rule.save()
    audit.record(
        action="build_rule.changed", subject=rule, actor=actor, now=now, data={"fields": changed}
    )
    return rule


@transaction.atomic
def archive_rule(*, rule_id: int, actor: Viewer, now: datetime) -> BuildRule:
    """Take a rule out of use. Its communities and the history of its runs stay.

    Raises:
        AlreadyApplying: a run of it is placing people right now.
    """
    rule = _held_rule(rule_id, actor)
    if BuildRun.objects.filter(rule=rule, state=BuildRun.State.APPLYING).exists():
        raise AlreadyApplying(_("A run of this rule is placing people right now."))
    rule.is_archived, rule.updated_at, rule.version = True, now, rule.version + 1
    rule.save()
    audit.record(action="build_rule.archived", subject=rule, actor=actor, now=now)
    return rule


@transaction.atomic
def plan_run(*, rule_id: int, actor: Viewer, now: datetime) -> BuildRun:
    """Freeze a rule and leave its preview to be worked out in the background.

    Raises:
        InvalidInput: the rule no longer fits the policy or its segment no longer makes sense.
        PolicyMissing: the brand has no policy of the rule's kind.
    """
    rule = _held_rule(rule_id, actor)
    plan = checking.frozen(rule, actor, now)
    run = BuildRun.objects.create(
        brand_id=actor.brand_id,
        rule=rule,
        plan=plan.as_json(),
        created_by_id=actor.staff_id,
        created_at=now,
    )
    run.plan_task = runs.start_run(
        kind=PLAN_KIND,
        title=_("Preview: %s") % rule.name,
        params={"build_run_id": run.pk},
        actor=actor,
        now=now,
        unit="people",
        subject_url=run_url(run),
    )
    run.save(update_fields=["plan_task"])
    data = {"rule": rule.pk, "rule_version": rule.version}
    audit.record(action="build_run.planned", subject=run, actor=actor, now=now, data=data)
    return run


@transaction.atomic
def confirm_run(*, run_id: int, actor: Viewer, now: datetime) -> BuildRun:
    """Let a previewed run place its people in the background.

    Raises:
        WrongState: it is not waiting for a confirmation.
        NobodyToPlace: nobody would be placed.
        AlreadyApplying: another run of the same rule is placing people right now.
    """
    run = _held_run(run_id, actor)
    if run.state != BuildRun.State.PREVIEWED:
        raise WrongState(_("This run is not waiting to be confirmed."), state=run.state)
    people = _to_place(run)
    if not people:
        raise NobodyToPlace(_("This run would place nobody."))
    run.state, run.confirmed_at, run.confirmed_by_id = BuildRun.State.APPLYING, now, actor.staff_id
    try:
        with transaction.atomic():
            run.save(update_fields=["state", "confirmed_at", "confirmed_by_id"])
    except IntegrityError as error:
        raise AlreadyApplying(
            _("Another run of this rule is placing people right now. Wait until it is done.")
        ) from error
    title = ngettext("Place %(n)s person: %(rule)s", "Place %(n)s people: %(rule)s", people)
    run.apply_task = runs.start_run(
        kind=APPLY_KIND,
        title=title % {"n": f"{people:,}", "rule": rules.Plan.of(run.plan).rule_name},
        params={"build_run_id": run.pk},
        actor=actor,
        now=now,
        unit="people",
        total=people,
        subject_url=run_url(run),
    )
    run.save(update_fields=["apply_task"])
    audit.record(
        action="build_run.confirmed", subject=run, actor=actor, now=now, data={"people": people}
    )
    return run


@transaction.atomic
def discard_run(*, run_id: int, actor: Viewer, now: datetime) -> BuildRun:
    """Give up a run that has placed nobody yet.

    Its list of people is dropped when the rule is planned the next time.

    Raises:
        WrongState: it is applying, or has ended.
    """
    run = _held_run(run_id, actor)
    if run.state not in {BuildRun.State.PLANNING, BuildRun.State.PREVIEWED}:
        raise WrongState(_("This run can no longer be discarded."), state=run.state)
    task = run.plan_task
    if task is not None and task.is_open:
        runs.ask(run_id=task.pk, wish=Run.Asked.CANCEL, actor=actor, now=now)
    run.state = BuildRun.State.DISCARDED
    run.save(update_fields=["state"])
    audit.record(action="build_run.discarded", subject=run, actor=actor, now=now)
    return run


def export_left_out(*, run_id: int, actor: Viewer, now: datetime) -> Run:
    """Leave the list of everybody whom a run does not place to be written as a file.

    It is an export as any other about people: see ``core.exports``.

    Raises:
        NotFound: the run does not exist for the actor.
    """
    return exports.start_export(
        list_key=LEFT_OUT_LIST,
        query=QueryDict(f"run={run_id}"),
        columns=(),
        file_format=FileFormat.CSV,
        actor=actor,
        now=now,
    )


def run_url(run: BuildRun) -> str:
    """Return the page of a run, so that its task leads back to it."""
    return reverse("communities:build-runs-detail", args=[run.pk])


def _require_builder(actor: Viewer) -> None:
    """Refuse whoever may not build groups, or sees a part of the brand only.

    Raises:
        Forbidden: always for a viewer of some dealers: a rule places people of the whole brand.
    """
    actor.require(Permission.BUILDS_RUN)
    if not actor.is_brand_wide:
        raise Forbidden(_("Building groups needs a view of the whole brand."))


def _held_rule(rule_id: int, actor: Viewer) -> BuildRule:
    _require_builder(actor)
    rule = (
        BuildRule.objects.visible_to(actor)
        .select_for_update()
        .filter(pk=rule_id, is_archived=False)
        .first()
    )
    if rule is None:
        raise NotFound(_("This rule does not exist."))
    return rule


def _held_run(run_id: int, actor: Viewer) -> BuildRun:
    _require_builder(actor)
    run = BuildRun.objects.visible_to(actor).select_for_update().filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("This run does not exist."))
    return run


def _has_communities(rule: BuildRule) -> bool:
    return Community.objects.filter(brand_id=rule.brand_id, build_rule_id=rule.pk).exists()


def _to_place(run: BuildRun) -> int:
    groups = BuildGroup.objects.filter(brand_id=run.brand_id, run=run)
    return int(groups.aggregate(people=Sum("candidate_count"))["people"] or 0)
