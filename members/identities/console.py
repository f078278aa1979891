from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from members.identities import services
from members.identities.forms import IdentityForm, RemoveForm
from members.identities.models import Identity
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer


@console(Permission.MEMBERS_EDIT, methods=("GET", "POST"))
def identities_add(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Add a name in another system, in a drawer."""
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    form = IdentityForm(request.POST or None)

    def write(values: dict[str, Any]) -> None:
        services.add_identity(member=member, **values, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Identity added"))

    return _ask(request, form, write, _("Known elsewhere as"), _("Add identity"), member.pk)


@console(Permission.MEMBERS_EDIT, methods=("GET", "POST"))
def identities_remove(request: ConsoleRequest, identity_id: int) -> HttpResponseBase:
    """Ask why, then remove a name in another system."""
    identity = _identity(request.viewer, identity_id)
    form = RemoveForm(request.POST or None)

    def write(values: dict[str, Any]) -> None:
        services.remove_identity(
            identity=identity, **values, actor=request.viewer, now=timezone.now()
        )
        messages.success(request, _("Identity removed"))

    heading = _("Remove the %(kind)s?") % {"kind": identity.get_kind_display()}
    return _ask(request, form, write, heading, _("Remove identity"), identity.member_id)


def _ask(
    request: ConsoleRequest,
    form: Form,
    write: Callable[[dict[str, Any]], None],
    heading: str,
    button: str,
    member_id: int,
) -> HttpResponseBase:
    if request.method == "POST" and form.is_valid():
        try:
            write(dict(form.cleaned_data))
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return go_to(request, "members:members-detail", member_id)
    context = {
        "id": "identity-drawer",
        "form": form,
        "heading": heading,
        "button": button,
        "action": request.get_full_path(),
        "back": reverse("members:members-detail", args=[member_id]),
    }
    status = 422 if form.is_bound and form.errors else 200
    full, part = "members/vehicles/form_page.html", "members/vehicles/_drawer.html"
    return page_or_partial(request, full, part, context, status)


def _identity(viewer: Viewer, identity_id: int) -> Identity:
    identity = Identity.objects.visible_to(viewer).filter(pk=identity_id).first()
    if identity is None:
        raise NotFound
    return identity
