"""What pages and REST read of rules and runs. People come in small numbers, by key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Sum, Value
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from communities.group_building import candidates, rules
from communities.group_building.models import BuildGroup, BuildRule, BuildRun
from communities.memberships.models import Membership
from communities.policies import rules as policy_rules
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from django.db.models import QuerySet

    from communities.communities.models import Community
    from communities.group_building.candidates import Candidate
    from communities.group_building.rules import Plan
    from core.kernel.access import Viewer

# An example of who is placed passes over so many whom applying had to drop.
MOST_DROPPED = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run means to do, did, or would not do with one member.

    ``group`` is None for who is left out; ``seat`` is there once the run has placed them.
    """

    member: Member
    exclusion: str
    group: BuildGroup | None = None
    seat: Membership | None = None
    placement: str = ""


def rules_in_use(*, viewer: Viewer) -> QuerySet[BuildRule]:
    """Return the rules in use."""
    return BuildRule.objects.visible_to(viewer).filter(is_archived=False).select_related("segment")


def runs_of(*, viewer: Viewer) -> QuerySet[BuildRun]:
    """Return runs with their rule and tasks."""
    return BuildRun.objects.visible_to(viewer).select_related("rule", "plan_task", "apply_task")


def last_run_of(*, of: Sequence[BuildRule]) -> dict[int, BuildRun]:
    """Return each rule's newest run."""
    newest = BuildRun.objects.filter(rule__in=of).values("rule").annotate(last=Max("id"))
    runs = BuildRun.objects.filter(pk__in=newest.values("last"))
    return {run.rule_id: run for run in runs}


def runs_into(*, community: Community, limit: int = 20) -> list[BuildRun]:
    """Return the newest runs that had people for a community."""
    groups = BuildGroup.objects.filter(
        brand_id=community.brand_id, community_id=community.pk
    ).values("run")
    rows = BuildRun.objects.filter(brand_id=community.brand_id, pk__in=groups)
    return list(rows.select_related("rule").order_by("-pk")[:limit])


def groups_of(*, run: BuildRun) -> QuerySet[BuildGroup]:
    """Return a run's groups."""
    return BuildGroup.objects.filter(brand_id=run.brand_id, run=run)


def examples_of(*, run: BuildRun, after: int = 0) -> list[Verdict]:
    """Return one person for each reason that the run gives; another ``after``, another person.

    People are found by key, never by sorting the list: the next one behind ``after``, else the
    first.
    """
    found: list[Verdict] = []
    preview = run.preview
    for placement, number in preview.get("placements", {}).items():
        candidate = _placed_example(run, placement, after) if number else None
        if candidate:
            found += _verdicts(run, [candidate], placement)
    for exclusion, number in preview.get("exclusions", {}).items():
        if not number:
            continue
        people = partial(candidates.of_exclusion, run=run, exclusion=exclusion)
        found += _verdicts(run, _some_behind(after, people)[:1])
    return found


def _placed_example(run: BuildRun, placement: str, after: int) -> Candidate | None:
    """Return somebody of a group in which this placement occurs, from the right end of it."""
    groups = groups_of(run=run).filter(candidate_count__gt=0).order_by("-candidate_count")
    opening = groups.filter(new_room_count__gt=0)
    if placement == Membership.Placement.EXISTING:
        group = groups.filter(existing_seats__gt=0).first()
    elif placement == Membership.Placement.FIRST:
        group = groups.filter(existing_seats=0).first()
    else:
        group = (
            opening.filter(new_room_count__gt=1).first()
            or opening.filter(existing_seats__gt=0).first()
        )
    if group is None:
        return None
    if placement == Membership.Placement.NEXT:
        return candidates.last_of_group(run=run, group_no=group.group_no)
    people = partial(candidates.of_group, run=run, group_no=group.group_no)
    return next((one for one in _some_behind(after, people) if not one.exclusion), None)


def _some_behind(after: int, people: Callable[..., list[Candidate]]) -> list[Candidate]:
    return people(after=after, limit=MOST_DROPPED) or people(after=0, limit=MOST_DROPPED)


def verdict_on(*, run: BuildRun, member: Member) -> Verdict | None:
    """Return what the run says of a member; None where they were not in its segment."""
    candidate = candidates.of_member(run=run, member_id=member.pk)
    return _verdicts(run, [candidate])[0] if candidate else None


def _verdicts(run: BuildRun, people: Sequence[Candidate], placement: str = "") -> list[Verdict]:
    ids = [candidate.member_id for candidate in people]
    members = Member.objects.select_related("home_dealer", "city").in_bulk(ids)
    groups = {
        group.group_no: group
        for group in groups_of(run=run).filter(group_no__in={c.group_no for c in people})
    }
    seats = {
        seat.member_id: seat
        for seat in Membership.objects.filter(
            brand_id=run.brand_id, member_id__in=ids, build_run_id=run.pk
        ).select_related("room", "community")
    }
    return [
        Verdict(
            member=members[candidate.member_id],
            exclusion=candidate.exclusion,
            group=groups.get(candidate.group_no),
            seat=seats.get(candidate.member_id),
            placement=placement or getattr(seats.get(candidate.member_id), "placement", ""),
        )
        for candidate in people
        if candidate.member_id in members
    ]


def left_out(*, run: BuildRun, viewer: Viewer, span: tuple[int, int] | None = None) -> Any:
    """Return the members whom a run does not place, with ``left_out_by``, the run's number.

    With ``span`` those of numbers above the first, up to the second.
    """
    numbers = candidates.left_out(brand_id=run.brand_id, run_id=run.pk, span=span)
    rows = Member.objects.visible_to(viewer).filter(pk__in=numbers).select_related("home_dealer")
    if span is not None:
        rows = rows.filter(pk__gt=span[0], pk__lte=span[1])
    return rows.annotate(left_out_by=Value(run.pk))


def rest_of_groups(*, run: BuildRun, shown: Sequence[BuildGroup]) -> dict[str, int]:
    """Return the sums over the groups that are not shown, and over all."""
    columns = ("candidate_count", "excluded_count", "existing_seats", "new_room_count")
    groups = groups_of(run=run)
    rest = groups.exclude(pk__in=[group.pk for group in shown])
    into_seats = Sum(Least("candidate_count", "existing_seats"))
    # An alias may not bear the name of the column it sums.
    sums = {f"sum_{name}": Coalesce(Sum(name), 0) for name in columns} | {
        "sum_into_seats": Coalesce(into_seats, 0),
        "sum_placed": Coalesce(Sum("placed_count"), 0),
        "sum_number": Count("id"),
    }
    told, whole = rest.aggregate(**sums), groups.aggregate(**sums)
    return {name.removeprefix("sum_"): number for name, number in told.items()} | {
        f"all_{name.removeprefix('sum_')}": number for name, number in whole.items()
    }


def first_names(*, run: BuildRun, plan: Plan, limit: int = 3) -> list[str]:
    """Return the names of the first rooms that the largest new groups would get."""
    groups = groups_of(run=run).filter(community_id=None, candidate_count__gt=0)
    names = []
    for group in groups.order_by("-candidate_count")[:limit]:
        filled = rules.filled_name(facts=group.facts, plan=plan)
        names.append(policy_rules.room_name(filled, 1))
    return names


def run_of(*, seat: Membership, viewer: Viewer) -> BuildRun | None:
    """Return the run that gave a seat, if the viewer may look at it."""
    if seat.build_run_id is None:
        return None
    return BuildRun.objects.visible_to(viewer).filter(pk=seat.build_run_id).first()


def reasons_for(*, seat: Membership) -> list[str]:
    """Say in words why somebody sits where they sit."""
    run = None
    if seat.build_run_id is not None:
        run = BuildRun.objects.filter(brand_id=seat.brand_id, pk=seat.build_run_id).first()
    if run is None:
        return [_SOURCES[Membership.Source(seat.source)] % {"room": seat.room.name}]
    plan = rules.Plan.of(run.plan)
    group = groups_of(run=run).filter(community_id=seat.community_id).first()
    told = [
        _("In the segment “%s”") % plan.segment_name
        if plan.segment_name
        else _("The rule is for everybody")
    ]
    for key in plan.group_by:
        value = (group.facts if group else {}).get(rules.FACT_OF_KEY[key])
        if value:
            told.append(f"{rules.KEY_LABELS[key]} = {value}")
    if plan.looks_at_orders:
        told.append(
            _("Promoted by the operator who confirmed the rule's segment")
            if plan.promotes
            else _("Met the entry rule: %s") % plan.entry_rule.words
        )
    told.append(_("Had agreed to community invitations"))
    if words := _PLACEMENTS.get(seat.placement):
        told.append(words % {"room": seat.room.name})
    return told


_SOURCES: dict[str, Any] = {
    Membership.Source.BUILD: _lazy("Placed by a build run into “%(room)s”"),
    Membership.Source.MANUAL: _lazy("Added by hand; “%(room)s” was the first with a seat"),
    Membership.Source.JOIN_CODE: _lazy("Came by a join code; “%(room)s” was the first with a seat"),
    Membership.Source.PROMOTED: _lazy(
        "Promoted by an operator past the entry rule; “%(room)s” was the first with a seat"
    ),
    Membership.Source.API: _lazy("Added through the API; “%(room)s” was the first with a seat"),
}
_PLACEMENTS: dict[str, Any] = {
    rules.EXISTING: _lazy("“%(room)s” was the first room of the group with a free seat"),
    rules.NEXT: _lazy("The rooms before were full, so “%(room)s” was opened"),
    rules.FIRST: _lazy("The group had no room yet, so “%(room)s” was opened"),
}


def describe_rules(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name rules in the audit trail, with where they are."""
    rows = BuildRule.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("communities:build-rules-edit", args=[pk])) for pk, name in rows}


def describe_runs(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name runs in the audit trail as their pages do, with where they are."""
    rows = BuildRun.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "rule__name")
    return {
        pk: (f"{name} #{pk}", reverse("communities:build-runs-detail", args=[pk]))
        for pk, name in rows
    }
