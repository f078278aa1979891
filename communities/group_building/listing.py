"""Build rules, runs and the groups of a run, as their pages and their files know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.group_building import candidates, rules, selectors
from communities.group_building.forms import RunFilterForm
from communities.group_building.models import CandidateBatch
from core.kernel.access import Permission
from core.kernel.badges import kind_badge
from core.kernel.errors import NotFound
from core.kernel.formats import masked_name
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


def left_out(*, viewer: Viewer, query: Any, now: datetime) -> Any:
    """Return whom the run that the address names does not place.

    Raises:
        NotFound: there is no such run in sight.
    """
    return selectors.left_out(run=_run_of(viewer, query), viewer=viewer)


def left_out_within(*, viewer: Viewer, query: Any, now: datetime, span: tuple[int, int]) -> Any:
    """Return the same, among members of numbers above the first of ``span``, up to the second."""
    return selectors.left_out(run=_run_of(viewer, query), viewer=viewer, span=span)


def _run_of(viewer: Viewer, query: Any) -> BuildRun:
    number = query.get("run", "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 19
    run = selectors.runs_of(viewer=viewer).filter(pk=number).first() if is_number else None
    if run is None:
        raise NotFound(_("This run does not exist."))
    return run


def left_out_cells(members: Sequence[Any], viewer: Viewer) -> Iterator[list[Any]]:
    """Draw people masked, as on every page, each with the reason."""
    run_id = members[0].left_out_by if members else 0
    reasons = candidates.reasons_of(
        brand_id=viewer.brand_id, run_id=run_id, member_ids=[member.pk for member in members]
    )
    for member in members:
        yield [
            member.customer_no or "",
            masked_name(member.display_name),
            member.phone_masked,
            member.home_dealer.name if member.home_dealer else "",
            str(CandidateBatch.Exclusion(reasons.get(member.pk, "")).label),
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
LEFT_OUT = ListSource(
    label=gettext_lazy("Who is left out"),
    place="communities:build-runs-detail",
    permission=Permission.MEMBERS_VIEW,
    rows=left_out,
    rows_within=left_out_within,
    columns=(
        Column("number", gettext_lazy("Customer number")),
        Column("name", gettext_lazy("Name")),
        Column("phone", gettext_lazy("Phone")),
        Column("dealer", gettext_lazy("Dealer")),
        Column("reason", gettext_lazy("Reason")),
    ),
    cells=left_out_cells,
    unit="people",
    parents={"run": "run_id"},
)
