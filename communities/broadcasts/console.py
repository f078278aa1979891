from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import trigger_client_event

from communities.broadcasts import drafts, listing, presenting, selectors, services
from communities.broadcasts.audience import Audience
from communities.broadcasts.forms import (
    DraftForm,
    initial_of,
)
from communities.broadcasts.models import Broadcast
from communities.broadcasts.wording import exact_time, refusal_text
from communities.communities.models import Community
from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_status,
    go_to,
    page_or_partial,
    refusal_response,
)
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.formats import grouped
from core.kernel.paging import keyset_page
from core.kernel.scoping import opens_own_tenant, tenant
from core.organizations.models import City, Dealer
from core.saved_views import selectors as saved_views

if TYPE_CHECKING:
    from datetime import datetime

    from django.http.response import HttpResponseBase

PAGE_SIZE, ROOMS_PAGE_SIZE = 30, 15
MOST_OFFERED = 30
TEMPLATES = "communities/broadcasts"


@console(Permission.BROADCASTS_VIEW)
def broadcasts_list(request: ConsoleRequest) -> HttpResponseBase:
    """List broadcasts, the newest first."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form),
        order=listing.BROADCASTS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": presenting.shown(broadcasts=page.rows),
        "filter_form": form,
        "views": saved_views.views_of(
            key="broadcasts",
            viewer=request.viewer,
            query=request.GET,
            usual=presenting.views(current=request.GET.get("state", "")),
        ),
        "next": page.next,
        "previous": page.previous,
        "columns": [
            ("c-audience", _("Audience")),
            ("c-time", _("Time")),
            ("c-rooms", _("Rooms")),
            ("c-people", _("People")),
            ("c-arrived", _("Arrived")),
        ],
        "live": any(row.state == Broadcast.State.SENDING for row in page.rows),
        "may_send": request.viewer.may(Permission.BROADCASTS_SEND),
        "is_filtered": bool(request.GET),
    }
    return page_or_partial(request, f"{TEMPLATES}/list.html", f"{TEMPLATES}/_list.html", context)


@console(Permission.BROADCASTS_SEND, methods=["GET", "POST"])
def broadcasts_new(request: ConsoleRequest) -> HttpResponseBase:
    """Write a draft."""
    initial = {"community_ids": request.GET.getlist("community")}
    return _compose(request, None, initial)


@console(Permission.BROADCASTS_SEND, methods=["GET", "POST"])
def broadcasts_edit(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Change a draft."""
    row = _fetch(request, broadcast_id)
    if row.state != Broadcast.State.DRAFT:
        messages.info(request, _("It was confirmed and can no longer be changed"))
        return go_to(request, "communities:broadcasts-detail", row.pk)
    return _compose(request, row, initial_of(row))


def _compose(
    request: ConsoleRequest, row: Broadcast | None, initial: dict[str, Any]
) -> HttpResponseBase:
    if request.method != "POST":
        return _composer(request, row, DraftForm(viewer=request.viewer, initial=initial))
    form = DraftForm(request.POST, viewer=request.viewer)
    if form.is_valid():
        try:
            saved = services.save_draft(
                draft=form.draft(),
                actor=request.viewer,
                now=timezone.now(),
                broadcast_id=row.pk if row else None,
                version=form.cleaned_data["version"],
            )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            url = reverse("communities:broadcasts-detail", args=[saved.pk])
            if request.POST.get("then") == "confirm":
                return go_to(request, f"{url}?confirm=1")
            messages.success(request, _("Draft saved"))
            return go_to(request, url)
    return _composer(request, row, form)


def _composer(request: ConsoleRequest, row: Broadcast | None, form: DraftForm) -> HttpResponseBase:
    picked = {name: form[name].value() or () for name in presenting.PICKED}
    audience = Audience(
        **{name: presenting.keys_of(name, values) for name, values in picked.items()}
    )
    blank = Broadcast(brand_id=request.viewer.brand_id, body="")
    context = {
        "form": form,
        "row": row,
        "action": request.path,
        "pickers": presenting.pickers(audience=audience, viewer=request.viewer),
        "preview": presenting.preview(broadcast=row or blank),
        "variables": presenting.variables(),
        "trial_url": reverse("communities:broadcasts-trial"),
    }
    full, part = f"{TEMPLATES}/compose.html", f"{TEMPLATES}/_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.BROADCASTS_SEND, methods=["POST"])
def broadcasts_trial(request: ConsoleRequest) -> HttpResponseBase:
    """Work out whom the composer's present state would reach; nothing is kept."""
    form = DraftForm(request.POST, viewer=request.viewer)
    form.is_valid()  # What cannot be read yet is left out of the trial.
    context: dict[str, Any] = {"computed_at": timezone.now(), "live": True}
    try:
        draft, now = form.draft(), timezone.now()
        row = drafts.trial(draft=draft, actor=request.viewer, now=now)
        context |= _plan_context(row, now)
        context["preview"] = presenting.preview(broadcast=row, plan=context["plan"])
        audience = draft.audience
        context["pickers"] = presenting.pickers(audience=audience, viewer=request.viewer)
    except InvalidInput as refusal:
        context["refusal"] = " ".join(problem.detail for problem in refusal.problems)
    return render(request, f"{TEMPLATES}/_dry_run.html", context)


@console(Permission.BROADCASTS_SEND)
def broadcasts_choices(request: ConsoleRequest, field: str) -> HttpResponseBase:
    """Answer what a picker offers: what is ticked first, then what fits the search."""
    if field not in presenting.PICKED:
        raise NotFound
    query = request.GET.get("q", "").strip()[:40].replace("\0", "")
    rows: Any = {
        "dealer_ids": Dealer.objects.visible_to(request.viewer).order_by("name"),
        "city_codes": City.objects.order_by("code"),
        "community_ids": Community.objects.visible_to(request.viewer)
        .exclude(state=Community.State.ARCHIVED)
        .order_by("name", "pk"),
    }[field]
    if query:
        rows = rows.filter(name__icontains=query)
    ticked = presenting.keys_of(field, request.GET.getlist(field))
    names = presenting.picked_names(audience=Audience(**{field: ticked}), viewer=request.viewer)
    offered = [(one.pk, one.name) for one in rows[:MOST_OFFERED] if one.pk not in ticked]
    context = {"field": field, "ticked": names[field], "offered": offered, "query": query}
    return render(request, f"{TEMPLATES}/_choices.html", context)


@console(Permission.BROADCASTS_VIEW)
def broadcasts_detail(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Show one broadcast: what it says, how far it is, what came of it."""
    row = _fetch(request, broadcast_id)
    excluded = presenting.exclusions_shown(exclusions=row.excluded, brand_id=row.brand_id)
    context = _state_context(request, row) | {
        "audience_rows": presenting.audience_rows(broadcast=row),
        "excluded": excluded,
        "preview": presenting.preview(broadcast=row),
        "may_audit": request.viewer.may(Permission.AUDIT_VIEW),
        "ask_confirm": bool(request.GET.get("confirm")) and row.state == Broadcast.State.DRAFT,
    }
    return render(request, f"{TEMPLATES}/detail.html", context)


@console(Permission.BROADCASTS_VIEW)
def broadcasts_state(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Answer the progress, asked for again every two seconds while something moves.

    The answer that says it is over reloads the page: everything on it has another state now.
    """
    row = _fetch(request, broadcast_id)
    context = _state_context(request, row)
    response = render(request, f"{TEMPLATES}/_state.html", context)
    if not context["is_moving"]:
        response["HX-Refresh"] = "true"
        return response
    return trigger_client_event(response, "deliveries-changed", {})


def _state_context(request: ConsoleRequest, row: Broadcast) -> dict[str, Any]:
    states = Broadcast.State
    is_moving = row.state in {states.SCHEDULED, states.SENDING}
    return {
        "row": row,
        "progress": selectors.progress(broadcast=row),
        "is_moving": is_moving,
        "is_open": is_moving or row.state == states.PAUSED,
        "may_send": request.viewer.may(Permission.BROADCASTS_SEND),
        "starts_now": row.scheduled_at is not None and row.scheduled_at <= timezone.now(),
    }


@console(Permission.BROADCASTS_VIEW)
def broadcasts_plan(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Answer the dry run of a saved draft."""
    now = timezone.now()
    context = _plan_context(_fetch(request, broadcast_id), now) | {"computed_at": now}
    return render(request, f"{TEMPLATES}/_dry_run.html", context)


def _plan_context(row: Broadcast, now: datetime) -> dict[str, Any]:
    plan = services.dry_run(broadcast=row, now=now)
    return {
        "plan": plan,
        "rooms": len(plan.room_ids),
        "rooms_selected": len(plan.verdicts),
        "exclusions": presenting.exclusions_shown(
            exclusions=plan.exclusions, brand_id=row.brand_id
        ),
        "fallbacks": presenting.fallbacks(plan=plan),
        "at_words": exact_time(plan.at) if plan.at > now else _("as soon as confirmed"),
        "next_allowed": exact_time(plan.next_allowed_at) if plan.next_allowed_at else "",
        "is_marketing": row.is_marketing,
    }


@console(Permission.BROADCASTS_VIEW)
def broadcasts_deliveries(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Answer the deliveries of a broadcast, room by room."""
    row = _fetch(request, broadcast_id)
    form = listing.deliveries_form(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed_deliveries(broadcast=row, form=form),
        order="id",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=ROOMS_PAGE_SIZE,
    )
    context = {
        "row": row,
        "rows": presenting.deliveries_shown(page.rows),
        "filter_form": form,
        "next": page.next,
        "previous": page.previous,
    }
    return page_or_partial(
        request, f"{TEMPLATES}/deliveries.html", f"{TEMPLATES}/_deliveries.html", context
    )


@console(Permission.BROADCASTS_VIEW)
def broadcasts_report(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Answer what came of a broadcast: counted on request, since reads grow with time."""
    row = _fetch(request, broadcast_id)
    context = {"row": row, "report": selectors.report(broadcast=row)}
    return render(request, f"{TEMPLATES}/_report.html", context)


@opens_own_tenant
@console(Permission.BROADCASTS_SEND, methods=["GET", "POST"])
def broadcasts_confirm(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Ask with the true numbers, then set the broadcast going."""
    if request.method == "POST":
        return _confirmed(request, broadcast_id)
    with tenant(request.viewer.brand_id):
        row, now = _fetch(request, broadcast_id), timezone.now()
        if row.state != Broadcast.State.DRAFT:
            raise services.WrongState(_("It was confirmed before."))
        context = _plan_context(row, now) | {"row": row, "id": "confirm-broadcast"}
        context["action"] = reverse("communities:broadcasts-confirm", args=[row.pk])
        context["refusal"] = None if context["rooms"] else refusal_text(context["plan"].exclusions)
        return render(request, f"{TEMPLATES}/_confirm.html", context)


def _confirmed(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    version = request.POST.get("version", "")
    try:
        done = services.confirm(
            broadcast_id=broadcast_id,
            actor=request.viewer,
            now=timezone.now(),
            version=int(version) if version.isdecimal() and len(version) < 10 else None,
        )
    except DomainError as refusal:
        return refusal_response(request, refusal)
    words = ngettext("On its way to %(n)s room", "On its way to %(n)s rooms", done.rooms)
    if done.broadcast.state == Broadcast.State.SCHEDULED:
        words = ngettext("Scheduled for %(n)s room", "Scheduled for %(n)s rooms", done.rooms)
    messages.success(request, words % {"n": grouped(done.rooms)})
    return go_to(request, "communities:broadcasts-detail", broadcast_id)


@console(Permission.BROADCASTS_SEND, methods=["POST"])
def broadcasts_pause(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Stop before the next batch."""
    services.pause(broadcast_id=broadcast_id, actor=request.viewer, now=timezone.now())
    messages.success(request, _("Broadcast paused; what was under way is finished"))
    return go_to(request, "communities:broadcasts-detail", broadcast_id)


@opens_own_tenant
@console(Permission.BROADCASTS_SEND, methods=["POST"])
def broadcasts_resume(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Go on with the rooms that may still get it."""
    done = services.resume(broadcast_id=broadcast_id, actor=request.viewer, now=timezone.now())
    left_out = sum(one.rooms for one in done.exclusions)
    words = ngettext("Goes on with %(n)s room", "Goes on with %(n)s rooms", done.rooms)
    text = words % {"n": grouped(done.rooms)}
    if left_out:
        more = ngettext("%(n)s room is left out now", "%(n)s rooms are left out now", left_out)
        text = _("; ").join([text, more % {"n": grouped(left_out)}])
    messages.success(request, text)
    return go_to(request, "communities:broadcasts-detail", broadcast_id)


@console(Permission.BROADCASTS_SEND, methods=["GET", "POST"])
def broadcasts_cancel(request: ConsoleRequest, broadcast_id: int) -> HttpResponseBase:
    """Ask, then call the rest off."""
    if request.method == "POST":
        services.cancel(broadcast_id=broadcast_id, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Broadcast cancelled"))
        return go_to(request, "communities:broadcasts-detail", broadcast_id)
    row = _fetch(request, broadcast_id)
    waiting = selectors.progress(broadcast=row)
    rest = waiting.due + waiting.held
    button = _("Discard draft")
    text = _("It was not sent to anybody. It stays in the list as cancelled.")
    if row.state != Broadcast.State.DRAFT:
        button = ngettext("Send nothing to %(n)s room", "Send nothing to %(n)s rooms", rest)
        button %= {"n": grouped(rest)}
        text = _("Rooms that have it keep it. The others do not get it; this cannot be undone.")
    context = {
        "id": "cancel-broadcast",
        "heading": _("Cancel “%(name)s”?") % {"name": row.name},
        "text": text,
        "action": reverse("communities:broadcasts-cancel", args=[row.pk]),
        "button": button,
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


def _fetch(request: ConsoleRequest, broadcast_id: int) -> Broadcast:
    rows = Broadcast.objects.visible_to(request.viewer).select_related("dealer")
    row = rows.filter(pk=broadcast_id).first()
    if row is None:
        raise NotFound
    return row
