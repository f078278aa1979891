"""Build rules, runs and the groups of a run, as their pages and their files know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.group_building import rules, selectors
from communities.group_building.forms import RunFilterForm
from core.kernel.access import Permission
from core.kernel.badges import kind_badge
from core.lists.ports import Column, ListSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from communities.group_building.models import BuildRule, BuildRun
    from core.kernel.access import Viewer


def rules_of(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[BuildRule]:
    """Return the rules in use."""
    return selectors.rules_in_use(viewer=viewer)


def keys_in_words(rule: BuildRule) -> str:
    """Return what a rule puts people together by."""
    return "、".join(str(rules.KEY_LABELS[key]) for key in rule.group_by) or _("One for all")


def rule_cells(found: Sequence[BuildRule], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw rules."""
    last = selectors.last_run_of(of=found)
    for rule in found:
        run = last.get(rule.pk)
        yield [
            rule.name,
            str(kind_badge(rule.kind).label),
            rule.segment.name if rule.segment else _("Everybody"),
            keys_in_words(rule),
            f"#{run.pk} {run.get_state_display()}" if run else "",
            rule.created_at,
        ]


def form_of(query: Any, viewer: Viewer) -> RunFilterForm:
    """Return the filters of an address."""
    return RunFilterForm(query, viewer=viewer)


def runs_of(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[BuildRun]:
    """Return the runs that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer))


def narrowed(*, viewer: Viewer, form: RunFilterForm) -> QuerySet[BuildRun]:
    """Return the runs that fit the filters; none, where one cannot be read."""
    found = selectors.runs_of(viewer=viewer)
    if not form.is_valid():
        return found.none()
    if form.cleaned_data["state"]:
        found = found.filter(state=form.cleaned_data["state"])
    if form.cleaned_data["rule"]:
        found = found.filter(rule=form.cleaned_data["rule"])
    return found


def run_cells(found: Sequence[BuildRun], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw runs: what was planned, and once applied what was done."""
    for run in found:
        told = run.report or run.preview
        yield [
            run.pk,
            run.plan.get("rule_name", ""),
            run.get_state_display(),
            run.preview.get("people"),
            told.get("placed"),
            run.preview.get("excluded"),
            told.get("new_rooms"),
            run.created_at,
        ]


BUILD_RULES = ListSource(
    label=gettext_lazy("Build rules"),
    place="communities:build-rules-list",
    permission=Permission.COMMUNITIES_VIEW,
    rows=rules_of,
    columns=(
        Column("name", gettext_lazy("Rule")),
        Column("kind", gettext_lazy("Kind")),
        Column("who", gettext_lazy("Who")),
        Column("by", gettext_lazy("One community per")),
        Column("last", gettext_lazy("Last run")),
        Column("added", gettext_lazy("Added")),
    ),
    cells=rule_cells,
    unit="rules",
    sorts={"name": "name", "-name": "-name"},
    is_personal=False,
)
BUILD_RUNS = ListSource(
    label=gettext_lazy("Build runs"),
    place="communities:build-runs-list",
    permission=Permission.COMMUNITIES_VIEW,
    form=form_of,
    rows=runs_of,
    columns=(
        Column("id", gettext_lazy("Number")),
        Column("rule", gettext_lazy("Rule")),
        Column("state", gettext_lazy("State")),
        Column("people", gettext_lazy("Looked at")),
        Column("placed", gettext_lazy("Placed")),
        Column("excluded", gettext_lazy("Left out")),
        Column("rooms", gettext_lazy("New rooms")),
        Column("planned", gettext_lazy("Planned")),
    ),
    cells=run_cells,
    unit="runs",
    sorts={"planned": "id", "-planned": "-id"},
    is_personal=False,
)
