from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, go_to, page_or_partial
from core.kernel.errors import NotFound
from core.kernel.feedback import done
from core.kernel.paging import keyset_page
from core.runs.models import Run
from core.saved_views import selectors as saved_views
from members.duplicates import listing, rules, services
from members.duplicates.models import DuplicatePair

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 20
EDIT = Permission.MEMBERS_EDIT


@console(EDIT)
def duplicates_list(request: ConsoleRequest) -> HttpResponseBase:
    """List pairs of members who may be one person, the surest first."""
    viewer, now = request.viewer, timezone.now()
    page = keyset_page(
        listing.rows(viewer=viewer, query=request.GET, now=now),
        order=listing.ORDER,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    form = listing.form_of(request.GET, viewer)
    runs = Run.objects.visible_to(viewer).filter(kind=services.FIND_KIND)
    context = {
        "rows": [(pair, rules.in_words(pair.reasons)) for pair in page.rows],
        "filter_form": form,
        "is_open": form.chosen_state() == DuplicatePair.State.OPEN,
        "views": saved_views.views_of(key="duplicates", viewer=viewer, query=request.GET),
        "next": page.next,
        "previous": page.previous,
        "run": runs.order_by("-pk").first(),
    }
    full, part = "members/duplicates/list.html", "members/duplicates/_list.html"
    return page_or_partial(request, full, part, context)


@console(EDIT, methods=("POST",))
def duplicates_find(request: ConsoleRequest) -> HttpResponseBase:
    """Look for pairs in the background and lead to the progress."""
    run = services.find_duplicates(actor=request.viewer, now=timezone.now())
    return go_to(request, "core:runs-detail", run.pk)


@console(EDIT, methods=("POST",))
def duplicates_dismiss(request: ConsoleRequest, pair_id: int) -> HttpResponseBase:
    """Keep that the two are two people."""
    pair = DuplicatePair.objects.visible_to(request.viewer).filter(pk=pair_id).first()
    if pair is None:
        raise NotFound
    services.dismiss(pair=pair, actor=request.viewer, now=timezone.now())
    text = _("Kept as two people; they will not be suggested again.")
    if request.htmx:
        return done(text=text, changed="duplicates-changed")
    messages.success(request, text)
    return go_to(request, "members:duplicates-list")
