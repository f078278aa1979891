from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from communities.group_building import listing, presenting, rules, selectors, services
from communities.group_building.forms import RuleForm
from communities.group_building.models import BuildRule, BuildRun, GroupingKey
from communities.group_building.rules import Plan
from communities.memberships import selectors as membership_selectors
from communities.policies import rules as policy_rules
from communities.policies import selectors as policy_selectors
from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    form_status,
    go_to,
    page_or_partial,
)
from core.kernel.errors import DomainError, NotFound
from core.kernel.formats import grouped
from core.kernel.paging import keyset_page
from core.organizations.models import Brand
from core.saved_views import selectors as saved_views

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 50
DONE = {BuildRun.State.APPLIED, BuildRun.State.FAILED}


@console(Permission.COMMUNITIES_VIEW)
def build_rules_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the rules in use, the newest first, each with its last run."""
    page = keyset_page(
        selectors.rules_in_use(viewer=request.viewer),
        order=listing.BUILD_RULES.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    last = selectors.last_run_of(of=page.rows)
    context = {
        "rows": [_rule_row(rule, last.get(rule.pk)) for rule in page.rows],
        "next": page.next,
        "previous": page.previous,
        "may_build": _may_build(request),
    }
    name = "communities/group_building"
    return page_or_partial(request, f"{name}/rules.html", f"{name}/_rules.html", context)


def _rule_row(rule: BuildRule, last: BuildRun | None) -> dict[str, Any]:
    return {"rule": rule, "keys": listing.keys_in_words(rule), "last": last}


def _may_build(request: ConsoleRequest) -> bool:
    return request.viewer.may(Permission.BUILDS_RUN) and request.viewer.is_brand_wide


@console(Permission.BUILDS_RUN, methods=["GET", "POST"])
def build_rules_new(request: ConsoleRequest) -> HttpResponseBase:
    """Write a rule."""
    initial = {"segment": request.GET.get("segment"), "kind": "service", "skip": "same_kind"}
    form = RuleForm(request.POST or None, viewer=request.viewer, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            rule = services.create_rule(
                wanted=form.wanted, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _saved(request, rule)
    return _rule_form(request, form, None)


@console(Permission.BUILDS_RUN, methods=["GET", "POST"])
def build_rules_edit(request: ConsoleRequest, rule_id: int) -> HttpResponseBase:
    """Change a rule; runs planned before keep it as it was."""
    rule = _fetch_rule(request, rule_id)
    names: tuple[str, ...] = ("name", "segment", "kind", "group_by", "room_cap", "name_template")
    names += ("topic",)
    names += ("skip", "promotes", "event", "starts_at", "ends_at", "version")
    initial = {name: getattr(rule, name) for name in names} | {"tag_group": rule.tag_group_id}
    form = RuleForm(request.POST or None, viewer=request.viewer, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            rule = services.edit_rule(
                rule_id=rule.pk,
                wanted=form.wanted,
                version=form.cleaned_data["version"] or 0,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _saved(request, rule)
    return _rule_form(request, form, rule)


def _saved(request: ConsoleRequest, rule: BuildRule) -> HttpResponseBase:
    """Lead on: to the preview where that was asked for, else back to the list."""
    if "preview" in request.POST:
        run = services.plan_run(rule_id=rule.pk, actor=request.viewer, now=timezone.now())
        return go_to(request, "communities:build-runs-detail", run.pk)
    messages.success(request, _("Rule saved"))
    return go_to(request, "communities:build-rules-list")


def _rule_form(request: ConsoleRequest, form: RuleForm, rule: BuildRule | None) -> HttpResponseBase:
    context = {
        "form": form,
        "rule": rule,
        "action": request.path,
        "names": _example(request, form.data if form.is_bound else form.initial),
    }
    name = "communities/group_building"
    full, part = f"{name}/rule.html", f"{name}/_rule_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.BUILDS_RUN, methods=["POST"])
def build_rules_example(request: ConsoleRequest) -> HttpResponseBase:
    """Answer what rooms would be called, while the rule is being written."""
    context = {"names": _example(request, request.POST)}
    return render(request, "communities/group_building/_names.html", context)


def _example(request: ConsoleRequest, typed: Any) -> dict[str, Any]:
    """Return the first names a rule would give, or what is wrong with its template."""
    chosen = typed.getlist("group_by") if hasattr(typed, "getlist") else typed.get("group_by") or []
    group_by = [key for key in rules.in_order(chosen) if key in GroupingKey.values]
    policies = policy_selectors.current_policies(brand_id=request.viewer.brand_id)
    policy = policies.get(str(typed.get("kind") or ""))
    template = str(typed.get("name_template") or "") or (policy.name_template if policy else "")
    if not template:
        return {"rooms": [], "problem": ""}
    topic = str(typed.get("topic") or "")[:40]
    spelling = policy_rules.template_problems(template, "")
    problems = spelling or rules.twins(group_by, template, topic)
    brand = Brand.objects.get(pk=request.viewer.brand_id).name
    rooms = rules.example_names(
        template=template,
        topic=topic,
        group_by=group_by,
        brand=brand,
        event=str(typed.get("event") or "")[: policy_rules.EVENT_LENGTH],
        start=_start(typed.get("starts_at")),
    )
    return {"rooms": rooms, "problem": problems[0].detail if problems else ""}


def _start(typed: Any) -> datetime | None:
    """Return the start by the brand's clock: as typed, or as the rule keeps it."""
    if isinstance(typed, datetime):
        return timezone.localtime(typed)
    try:
        return datetime.fromisoformat(str(typed or ""))
    except ValueError:
        return None


@console(Permission.BUILDS_RUN, methods=["GET", "POST"])
def build_rules_archive(request: ConsoleRequest, rule_id: int) -> HttpResponseBase:
    """Take a rule out of use, once the effect was read."""
    rule = _fetch_rule(request, rule_id)
    if request.method == "POST":
        services.archive_rule(rule_id=rule.pk, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Rule taken out of use"))
        return go_to(request, "communities:build-rules-list")
    context = {"rule": rule, "action": request.path}
    return render(request, "communities/group_building/archive_rule.html", context)


@console(Permission.BUILDS_RUN, methods=["POST"])
def build_rules_plan(request: ConsoleRequest, rule_id: int) -> HttpResponseBase:
    """Start a preview of a rule."""
    run = services.plan_run(rule_id=rule_id, actor=request.viewer, now=timezone.now())
    return go_to(request, "communities:build-runs-detail", run.pk)


def _fetch_rule(request: ConsoleRequest, rule_id: int) -> BuildRule:
    rule = selectors.rules_in_use(viewer=request.viewer).filter(pk=rule_id).first()
    if rule is None:
        raise NotFound(_("This rule does not exist."))
    return rule


@console(Permission.COMMUNITIES_VIEW)
def build_runs_list(request: ConsoleRequest) -> HttpResponseBase:
    """List runs, the newest first."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form),
        order=listing.BUILD_RUNS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": page.rows,
        "filter_form": form,
        "views": saved_views.views_of(key="build-runs", viewer=request.viewer, query=request.GET),
        "next": page.next,
        "previous": page.previous,
        "may_build": _may_build(request),
    }
    name = "communities/group_building"
    return page_or_partial(request, f"{name}/runs.html", f"{name}/_runs.html", context)


@console(Permission.COMMUNITIES_VIEW)
def build_runs_detail(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Show a run: its preview, its progress or its result, whichever it has come to.

    The card of progress asks this address every two seconds; once there is nothing to wait for,
    the answer sends the browser to the whole page.
    """
    run = _fetch_run(request, run_id)
    now = timezone.now()
    if request.htmx and request.htmx.target == "run-progress":
        context = {"run": run, **presenting.progress(run=run, now=now)}
        if not context["poll_url"]:
            return go_to(request, "communities:build-runs-detail", run.pk)
        return render(request, "communities/group_building/_progress.html", context)
    return render(request, "communities/group_building/run.html", _run_context(request, run))


def _run_context(request: ConsoleRequest, run: BuildRun) -> dict[str, Any]:
    plan, preview = Plan.of(run.plan), run.preview
    groups = selectors.groups_of(run=run).order_by("-candidate_count", "group_no")
    shown = list(groups[: presenting.GROUPS_SHOWN])
    told = run.report or preview
    rest = selectors.rest_of_groups(run=run, shown=shown)
    is_done = run.state in DONE
    return {
        "run": run,
        "plan": plan,
        "preview": preview,
        "report": run.report,
        "is_done": is_done,
        "is_preview": run.state == BuildRun.State.PREVIEWED,
        "step": presenting.STEPS_CURRENT.get(BuildRun.State(run.state), 2),
        "meta": _run_meta(run, plan),
        "facts": presenting.plan_facts(plan=plan),
        "placements": presenting.placement_rows(
            preview=preview | {name: told.get(name, 0) for name in _TOLD} if told else {}
        ),
        "exclusions": presenting.exclusion_rows(numbers=preview.get("exclusions", {}), plan=plan),
        "drops": presenting.exclusion_rows(numbers=run.report.get("drops", {}), plan=plan),
        "groups": shown,
        "rest": rest,
        "new_seats": preview.get("placed", 0) - rest["all_into_seats"],
        "names": selectors.first_names(run=run, plan=plan),
        "may_build": _may_build(request),
        "may_export": request.viewer.may(Permission.MEMBERS_VIEW),
        **presenting.progress(run=run, now=timezone.now()),
    }


_TOLD = ("placements", "new_rooms", "new_communities")


def _run_meta(run: BuildRun, plan: Plan) -> list[tuple[str, str]]:
    told = [("", _("Run #%s") % run.pk), ("", _("Rule version %s") % plan.rule_version)]
    if "seconds" in run.preview:
        seconds = grouped(run.preview["seconds"], 1)
        told.append(("clock", _("Preview worked out in %s s") % seconds))
    return told


def _fetch_run(request: ConsoleRequest, run_id: int) -> BuildRun:
    run = selectors.runs_of(viewer=request.viewer).filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("This run does not exist."))
    return run


@console(Permission.COMMUNITIES_VIEW)
def build_runs_groups(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """List a run's groups, the largest first."""
    run = _fetch_run(request, run_id)
    page = keyset_page(
        selectors.groups_of(run=run),
        order="-candidate_count",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "run": run,
        "plan": Plan.of(run.plan),
        "is_done": run.state in DONE,
        "rows": page.rows,
        "next": page.next,
        "previous": page.previous,
    }
    name = "communities/group_building"
    return page_or_partial(request, f"{name}/groups.html", f"{name}/_groups.html", context)


@console(Permission.COMMUNITIES_VIEW)
def build_runs_examples(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Show one person per reason, or what the run says of somebody looked for."""
    run, typed = _fetch_run(request, run_id), request.GET.get("q", "")
    plan = Plan.of(run.plan)
    last = request.GET.get("after", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 19 else 0
    if typed.strip():
        members = membership_selectors.find_members(typed=typed, viewer=request.viewer, limit=5)
        found = [selectors.verdict_on(run=run, member=member) for member in members]
        verdicts = [verdict for verdict in found if verdict is not None]
    else:
        members, verdicts = [], selectors.examples_of(run=run, after=after)
    context = {
        "run": run,
        "typed": typed,
        "strangers": len(members) - len(verdicts) if typed.strip() else 0,
        "rows": [
            {"verdict": verdict, **presenting.verdict_words(verdict=verdict, plan=plan)}
            for verdict in verdicts
        ],
        "another": max((verdict.member.pk for verdict in verdicts), default=0),
    }
    return render(request, "communities/group_building/_examples.html", context)


@console(Permission.BUILDS_RUN, methods=["GET", "POST"])
def build_runs_confirm(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Say what will happen, with counts; on the second word, let it happen."""
    run = _fetch_run(request, run_id)
    if request.method == "POST":
        services.confirm_run(run_id=run.pk, actor=request.viewer, now=timezone.now())
        return go_to(request, "communities:build-runs-detail", run.pk)
    people, rooms = run.preview.get("placed", 0), run.preview.get("new_rooms", 0)
    left = run.preview.get("excluded", 0)
    effects = [
        ngettext("%(n)s person gets a seat at once", "%(n)s people get a seat at once", people)
        % {"n": grouped(people)},
        ngettext("%(n)s room opens", "%(n)s rooms open", rooms) % {"n": grouped(rooms)},
        ngettext("%(n)s person stays as they are", "%(n)s people stay as they are", left)
        % {"n": grouped(left)},
    ]
    heading = ngettext(
        "Place %(n)s person and open %(rooms)s rooms?",
        "Place %(n)s people and open %(rooms)s rooms?",
        people,
    ) % {"n": grouped(people), "rooms": grouped(rooms)}
    button = ngettext("Place %(n)s person", "Place %(n)s people", people) % {"n": grouped(people)}
    context = {
        "id": "run-confirm",
        "action": reverse("communities:build-runs-confirm", args=[run.pk]),
        "heading": heading,
        "effects": effects,
        "warning": _("People cannot be taken out again in one go, only one by one."),
        "button": button,
    }
    return render(request, "components/confirm.html", context)


@console(Permission.BUILDS_RUN, methods=["POST"])
def build_runs_discard(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Give up a preview."""
    run = services.discard_run(run_id=run_id, actor=request.viewer, now=timezone.now())
    messages.success(request, _("Preview discarded; nobody was placed"))
    return go_to(request, "communities:build-runs-detail", run.pk)


@console(Permission.MEMBERS_VIEW, methods=["POST"])
def build_runs_export(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Leave the list of who is left out to be written in the background."""
    task = services.export_left_out(
        run_id=_fetch_run(request, run_id).pk, actor=request.viewer, now=timezone.now()
    )
    messages.success(request, _("The list is being written; it will stand here as a file"))
    return go_to(request, "core:runs-detail", task.pk)
