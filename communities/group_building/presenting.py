"""A run as its pages show it: reasons in words, with what can be done about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from communities.group_building import rules
from communities.group_building.models import BuildRule, BuildRun, CandidateBatch
from core.kernel.formats import exact, grouped, listed
from core.kernel.navigation import url_of
from core.runs import selectors as run_selectors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from communities.group_building.rules import Plan
    from communities.group_building.selectors import Verdict
    from core.runs.models import Run

Exclusion = CandidateBatch.Exclusion
STEPS_CURRENT = {
    BuildRun.State.PLANNING: 2,
    BuildRun.State.PREVIEWED: 3,
    BuildRun.State.APPLYING: 4,
    BuildRun.State.APPLIED: 5,
}
GROUPS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One line of a table of reasons: how many, why, and what can be done."""

    label: str
    detail: str
    people: int
    advice: str = ""
    url: str = ""


def plan_facts(*, plan: Plan) -> list[tuple[str, str]]:
    """Return what the frozen rule says, as label and value."""
    keys = listed(rules.KEY_LABELS[key] for key in plan.group_by)
    tags = [(_("Interests are the tags of"), plan.tag_group_name)] if plan.tag_group_name else []
    event = [(_("Event"), plan.event)] if plan.event else []
    ends = [(pgettext("community", "Ends"), exact(plan.end))] if plan.end else []
    return [
        (_("Who"), _("Segment “%s”") % plan.segment_name if plan.segment_name else _("Everybody")),
        (_("One community per"), keys or _("One for all")),
        *tags,
        (_("Members per room"), grouped(plan.room_cap)),
        (_("Name template"), plan.name_template),
        (_("Leave out who has a seat"), str(BuildRule.Skip(plan.skip).label)),
        (_("Who may enter"), _entry_words(plan)),
        *event,
        *ends,
    ]


def _entry_words(plan: Plan) -> str:
    if plan.looks_at_orders and plan.promotes:
        return _("%(rule)s. This rule promotes its whole segment") % {"rule": plan.entry_rule.words}
    return plan.entry_rule.words


def placement_rows(*, preview: Mapping[str, Any]) -> list[ReasonRow]:
    """Return why people are placed where they are placed."""
    numbers: dict[str, int] = preview.get("placements", {})
    rooms, communities = preview.get("new_rooms", 0), preview.get("new_communities", 0)
    opened = ngettext("%(n)s new room in all", "%(n)s new rooms in all", rooms)
    founded = ngettext("%(n)s new community", "%(n)s new communities", communities)
    told = [
        (
            rules.EXISTING,
            _("Rooms that exist have seats"),
            _("Same group; the lowest number with seats first"),
        ),
        (
            rules.NEXT,
            _("Rooms are full, so the next ones open"),
            opened % {"n": grouped(rooms)},
        ),
        (
            rules.FIRST,
            _("No community yet, so its first room opens"),
            founded % {"n": grouped(communities)},
        ),
    ]
    return [
        ReasonRow(label, detail, numbers[name]) for name, label, detail in told if numbers.get(name)
    ]


def exclusion_rows(*, numbers: Mapping[str, int], plan: Plan) -> list[ReasonRow]:
    """Return why people are left out, and what can be done about it."""
    members = url_of("members:members-list")
    told = {
        Exclusion.INSIDE: (skip_words(plan.skip), _("Nothing to do"), ""),
        Exclusion.NO_CONSENT: (
            _("They never agreed, or took it back"),
            _("Ask the stores to obtain it"),
            "",
        ),
        Exclusion.NO_GROUP: (
            _("Missing: %s") % listed(rules.KEY_LABELS[key] for key in plan.group_by),
            _("Complete their profiles"),
            members,
        ),
        Exclusion.NO_ENTRY: (
            _("This kind asks for %s") % plan.entry_rule.words,
            _("Add single people by hand, or let the rule promote its segment"),
            reverse("communities:build-rules-edit", args=[plan.rule_id]),
        ),
        Exclusion.CLOSED: (
            _("It was closed after the preview"),
            _("Plan the rule again"),
            "",
        ),
    }
    return [
        ReasonRow(
            label=str(Exclusion(name).label),
            detail=told[Exclusion(name)][0],
            people=number,
            advice=told[Exclusion(name)][1],
            url=told[Exclusion(name)][2],
        )
        for name, number in numbers.items()
        if number
    ]


def skip_words(skip: str) -> str:
    """Say whose seat counts as a suitable one."""
    return {
        BuildRule.Skip.SAME_KIND: _("A seat in any community of this kind counts"),
        BuildRule.Skip.SAME_RULE: _("A seat in a community of this rule counts"),
        BuildRule.Skip.NOBODY: _("Only a seat in the very same community counts"),
    }[BuildRule.Skip(skip)]


def verdict_words(*, verdict: Verdict, plan: Plan) -> dict[str, str]:
    """Return where a member goes, why, and the tone of it."""
    if verdict.seat is not None:
        return {"where": verdict.seat.room.name, "tone": "ok", "why": placed_words(verdict)}
    if verdict.exclusion:
        why = str(Exclusion(verdict.exclusion).label)
        return {"where": _("Not placed"), "tone": "", "why": why}
    where = verdict.group.label if verdict.group else ""
    new = verdict.placement in {rules.NEXT, rules.FIRST}
    return {
        "where": where or _("One for all"),
        "tone": "primary" if new else "ok",
        "why": placed_words(verdict),
    }


def placed_words(verdict: Verdict) -> str:
    """Say how somebody came to a seat, before or after the fact."""
    group = verdict.group
    if verdict.placement == rules.EXISTING and group is not None:
        seats = ngettext("%(n)s seat was free", "%(n)s seats were free", group.existing_seats)
        return _("Same group, %s") % (seats % {"n": grouped(group.existing_seats)})
    if verdict.placement == rules.NEXT:
        return _("The rooms before are full, so the next one opens")
    if verdict.placement == rules.FIRST:
        return _("First room of a new community")
    return _("Gets a seat in the group")


def task_of(run: BuildRun) -> Run | None:
    """Return the task that works on the run now, or did last."""
    return run.apply_task or run.plan_task


def progress(*, run: BuildRun, now: datetime) -> dict[str, Any]:
    """Return what the progress card shows; without an address once there is nothing to wait for."""
    task = task_of(run)
    if task is None:
        return {}
    pace = run_selectors.pace_of(run=task, now=now)
    return {
        "task": task,
        "state": task.state,
        "done": task.done,
        "total": task.total,
        "rate": pace.rate,
        "remaining": pace.remaining,
        "poll_url": reverse("communities:build-runs-detail", args=[run.pk]) if task.is_open else "",
    }
