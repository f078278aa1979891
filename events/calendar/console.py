from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

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
from core.kernel.paging import keyset_page
from core.saved_views import selectors as saved_views
from events.calendar import listing, rules, selectors, services
from events.calendar.forms import EventForm, initial_of
from events.calendar.presenting import header, move_words
from events.calendar.rules import Move
from events.registrations import selectors as people

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from events.calendar.models import Event

PAGE_SIZE = 50
NAME = "events/calendar"


@console(Permission.EVENTS_VIEW)
def events_list(request: ConsoleRequest) -> HttpResponseBase:
    """List events, the latest first."""
    viewer, now = request.viewer, timezone.now()
    form = listing.form_of(request.GET, viewer)
    page = keyset_page(
        listing.narrowed(viewer=viewer, form=form, typed=request.GET.get("q", ""), now=now),
        order=listing.EVENTS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": page.rows,
        "filter_form": form,
        "next": page.next,
        "previous": page.previous,
        "views": saved_views.views_of(
            key="events", viewer=viewer, query=request.GET, usual=_views(request)
        ),
        "may_edit": viewer.may(Permission.EVENTS_EDIT),
        "columns": [("c-kind", _("Kind")), ("c-place", _("Where"))],
    }
    return page_or_partial(request, f"{NAME}/list.html", f"{NAME}/_list.html", context)


def _views(request: ConsoleRequest) -> list[dict[str, Any]]:
    counts = selectors.counts_by_time(viewer=request.viewer, now=timezone.now())
    chosen = request.GET.get("when", "")
    every = {"url": "?", "label": _("All"), "count": None, "is_current": not chosen}
    named = (("coming", _("Coming")), ("over", _("Over")))
    return [every] + [
        {"url": f"?when={key}", "label": label, "count": counts[key], "is_current": chosen == key}
        for key, label in named
    ]


def _fetch(request: ConsoleRequest, event_id: int) -> Event:
    event = selectors.listed(viewer=request.viewer).filter(pk=event_id).first()
    if event is None:
        raise NotFound(_("This event does not exist."))
    return event


@console(Permission.EVENTS_EDIT, methods=["GET", "POST"])
def events_new(request: ConsoleRequest) -> HttpResponseBase:
    """Enter an event as a draft."""
    form = EventForm(request.POST or None, viewer=request.viewer, initial={"guests_each": 0})
    if request.method == "POST" and form.is_valid():
        try:
            event = services.create_event(
                wanted=form.wanted(), actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Draft saved. Publish it to let members register."))
            return go_to(request, "events:events-detail", event.pk)
    return _form_page(request, form, None)


@console(Permission.EVENTS_EDIT, methods=["GET", "POST"])
def events_edit(request: ConsoleRequest, event_id: int) -> HttpResponseBase:
    """Change an event that is not over."""
    event = _fetch(request, event_id)
    form = EventForm(
        request.POST or None, viewer=request.viewer, event=event, initial=initial_of(event)
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_event(
                event_id=event.pk,
                wanted=form.wanted(),
                version=form.cleaned_data["version"] or 0,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Event saved"))
            return go_to(request, "events:events-detail", event.pk)
    return _form_page(request, form, event)


def _form_page(request: ConsoleRequest, form: EventForm, event: Event | None) -> HttpResponseBase:
    context = {"form": form, "event": event}
    full, part = f"{NAME}/edit.html", f"{NAME}/_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.EVENTS_VIEW)
def events_detail(request: ConsoleRequest, event_id: int) -> HttpResponseBase:
    """Show an event, how full it is, and who comes."""
    event, viewer, now = _fetch(request, event_id), request.viewer, timezone.now()
    page = keyset_page(
        people.narrowed(
            event_id=event.pk,
            viewer=viewer,
            state=request.GET.get("state", ""),
            typed=request.GET.get("q", ""),
        ),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    counts = people.counts_of(event=event, viewer=viewer)
    takes_people = event.state in rules.TAKES_PEOPLE
    context = header(event=event, viewer=viewer, now=now) | {
        "rows": [
            {"row": row, "is_missed": people.is_missed(row=row, event=event, now=now)}
            for row in page.rows
        ],
        "next": page.next,
        "previous": page.previous,
        "views": _states(request, counts),
        "counts": counts,
        "free": None if event.capacity is None else event.capacity - event.taken,
        "is_near": rules.opens_at(event.starts_at) <= now,
        "sees_all": selectors.may_plan(event=event, viewer=viewer),
        "may_check_in": takes_people and viewer.may(Permission.EVENTS_EDIT),
    }
    return page_or_partial(request, f"{NAME}/detail.html", f"{NAME}/_people.html", context)


def _states(request: ConsoleRequest, counts: dict[str, int]) -> list[dict[str, Any]]:
    chosen = request.GET.get("state", "")
    every = {"url": "?", "label": _("All"), "count": None, "is_current": not chosen}
    named = (
        ("registered", pgettext("registration", "Registered")),
        ("checked_in", pgettext("registration", "Checked in")),
        ("cancelled", pgettext("registration", "Called off")),
    )
    return [every] + [
        {"url": f"?state={key}", "label": label, "count": counts[key], "is_current": chosen == key}
        for key, label in named
    ]


@console(Permission.EVENTS_EDIT, methods=["GET", "POST"])
def events_move(request: ConsoleRequest, event_id: int, move: str) -> HttpResponseBase:
    """Publish, close or cancel an event, once the effect was read."""
    event = _fetch(request, event_id)
    if request.method == "POST":
        version = request.POST.get("version", "")
        moved = services.move_event(
            event_id=event.pk,
            move=Move(move),
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            actor=request.viewer,
            now=timezone.now(),
        )
        messages.success(request, move_words(move=Move(move), event=moved).done)
        return go_to(request, "events:events-detail", event.pk)
    context = {
        "event": event,
        "id": f"event-{move}",
        "action": request.path,
        "words": move_words(move=Move(move), event=event),
    }
    return render(request, f"{NAME}/move.html", context)
