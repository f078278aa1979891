from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.communities import selectors as community_selectors
from communities.policies import rules, selectors, services
from communities.policies.forms import PolicyForm
from communities.policies.models import Kind
from core.kernel.access import Permission
from core.kernel.badges import kind_badge
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    form_status,
    go_to,
)
from core.kernel.errors import DomainError, NotFound

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from communities.policies.models import CommunityPolicy


@console(Permission.COMMUNITIES_VIEW)
def policies_list(request: ConsoleRequest) -> HttpResponseBase:
    """Show what each of the four kinds is allowed."""
    policies = selectors.current_policies(brand_id=request.viewer.brand_id)
    counts = community_selectors.counts_by_kind(viewer=request.viewer)
    context = {
        "rows": [
            {"policy": policy, "communities": counts.get(kind, 0), "example": example_of(policy)}
            for kind, policy in policies.items()
        ],
        "may_edit": request.viewer.may(Permission.POLICIES_EDIT),
    }
    return render(request, "communities/policies/list.html", context)


def example_of(policy: CommunityPolicy) -> str:
    """Return the name a first room would get."""
    facts = {"brand": "远航", "city": "杭州", "dealer": "杭州滨江远航中心"}
    facts |= {"topic": _("Charging"), "event": _("Test drive night"), "model": "E7"}
    facts |= {"month": "2026-05"}
    filled = rules.fill(policy.name_template, facts, start=datetime(2026, 11, 28, 19))  # noqa: DTZ001
    return rules.room_name(filled, 1)


@console(Permission.POLICIES_EDIT, methods=["GET", "POST"])
def policies_edit(request: ConsoleRequest, kind: str) -> HttpResponseBase:
    """Change a kind's policy; the page says what changes at once and what does not."""
    if kind not in Kind.values:
        raise NotFound
    policy = selectors.current_policy(brand_id=request.viewer.brand_id, kind=kind)
    form = PolicyForm.of(policy, request.POST or None)
    if request.method == "POST" and form.is_valid():
        terms = dict(form.cleaned_data)
        version = terms.pop("policy_version")
        try:
            services.change_policy(
                kind=kind,
                changes=terms,
                policy_version=version,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Policy saved; it holds from now on"))
            return go_to(request, "communities:policies-list")
    counts = community_selectors.counts_by_kind(viewer=request.viewer)
    context = {
        "form": form,
        "policy": policy,
        "kind_label": kind_badge(kind).label,
        "communities": counts.get(kind, 0),
        "example": example_of(policy),
        "versions": selectors.versions_of(brand_id=request.viewer.brand_id, kind=kind),
        "action": request.path,
    }
    template = (
        "communities/policies/_form.html" if request.htmx else "communities/policies/edit.html"
    )
    return render(request, template, context, status=form_status(form))
