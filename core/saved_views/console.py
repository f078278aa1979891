from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import InvalidInput, NotFound
from core.lists import ports
from core.lists import selectors as lists
from core.saved_views import selectors, services
from core.saved_views.forms import ViewForm
from core.saved_views.models import SavedView

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

REFUSED = 422


@console(methods=["GET", "POST"])
def saved_views_new(request: ConsoleRequest) -> HttpResponseBase:
    """Keep the address of a list under a name."""
    key = request.GET.get("list", "")
    source = lists.known_list(key=key, viewer=request.viewer)
    if source.parents:
        raise NotFound
    form = ViewForm(request.POST or None, viewer=request.viewer, auto_id="view_%s")
    query = lists.narrowing(source=source, query=request.GET, viewer=request.viewer)
    if request.method == "POST" and form.is_valid():
        try:
            view = services.save_view(
                list_key=key,
                query=query,
                **form.chosen,
                actor=request.viewer,
                now=timezone.now(),
            )
        except InvalidInput as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("View saved"))
            return _to_list(request, view)
    context = {
        "heading": _("Save view"),
        "filters": lists.filters_in_words(source=source, query=query, viewer=request.viewer),
        "action": request.get_full_path(),
        "delete_url": "",
    }
    return _ask(request, form, context)


@console(methods=["GET", "POST"])
def saved_views_edit(request: ConsoleRequest, view_id: int) -> HttpResponseBase:
    """Rename a view of one's own, or share it."""
    view = _fetch(request, view_id)
    initial = {"name": view.name, "is_shared": view.is_shared}
    form = ViewForm(request.POST or None, viewer=request.viewer, initial=initial, auto_id="view_%s")
    if request.method == "POST" and form.is_valid():
        try:
            services.change_view(view=view, **form.chosen, actor=request.viewer, now=timezone.now())
        except InvalidInput as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("View saved"))
            return _to_list(request, view)
    context = {
        "heading": _("Edit view"),
        "filters": (),
        "action": reverse("core:saved-views-edit", args=[view.pk]),
        "delete_url": reverse("core:saved-views-delete", args=[view.pk]),
    }
    return _ask(request, form, context)


@console(methods=["GET", "POST"])
def saved_views_delete(request: ConsoleRequest, view_id: int) -> HttpResponseBase:
    """Ask, then forget a view."""
    view = _fetch(request, view_id)
    if request.method == "POST":
        services.delete_view(view=view, actor=request.viewer, now=timezone.now())
        messages.success(request, _("View deleted"))
        source = ports.source_of(view.list_key)
        return go_to(request, source.place if source else "core:workbench")
    text = _("The rows it showed stay. Only its name and its filters are forgotten.")
    shared = _("Everybody in the brand has it: it is gone for them too.")
    context = {
        "id": "delete-view",
        "heading": _("Delete the view “%(name)s”?") % {"name": view.name},
        "text": text,
        "warning": shared if view.is_shared else "",
        "action": reverse("core:saved-views-delete", args=[view.pk]),
        "button": _("Delete view"),
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


def _fetch(request: ConsoleRequest, view_id: int) -> SavedView:
    view = SavedView.objects.owned_by(request.viewer).filter(pk=view_id).first()
    if view is None:
        raise NotFound
    return view


def _to_list(request: ConsoleRequest, view: SavedView) -> HttpResponseBase:
    source = lists.known_list(key=view.list_key, viewer=request.viewer)
    return go_to(request, f"{reverse(source.place)}?{selectors.query_of(view).urlencode()}")


def _ask(request: ConsoleRequest, form: ViewForm, context: dict[str, Any]) -> HttpResponseBase:
    return page_or_partial(
        request,
        "core/saved_views/page.html",
        "core/saved_views/dialog.html",
        {"id": "saved-view", "form": form, **context},
        status=REFUSED if form.errors else 200,
    )
