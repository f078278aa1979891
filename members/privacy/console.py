from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from members.privacy import sections, selectors, services
from members.privacy.forms import EvidenceForm, TextForm
from members.privacy.models import Purpose
from members.profiles.models import Member

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.utils.functional import _StrPromise

REFUSED = 422
_WITHDRAWN: dict[str, _StrPromise] = {
    Purpose.COMMUNITY: gettext_lazy(
        "It holds at once: no build run and nobody by hand gives them another seat. Seats they "
        "have stay until they are given up."
    ),
    Purpose.MARKETING: gettext_lazy("It holds at once, also for a broadcast that is being sent."),
}


@console(Permission.MEMBERS_VIEW)
def consents_of_member(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Show how a member stands to every purpose: the card on the member's page."""
    member = _member(request, member_id)
    found = sections.consents(
        member=member, viewer=request.viewer, now=timezone.now(), query=request.GET
    )
    return render(request, "members/privacy/_of_member.html", {"member": member, **found})


@console(Permission.MEMBERS_EDIT, methods=("GET", "POST"))
def consents_change(
    request: ConsoleRequest, member_id: int, purpose: str, act: str
) -> HttpResponseBase:
    """Keep that a member agrees, or no longer does, with the evidence."""
    member = _member(request, member_id)
    if purpose not in Purpose.values or act not in {"give", "withdraw"}:
        raise NotFound
    form = EvidenceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        change = services.give_consent if act == "give" else services.withdraw_consent
        try:
            change(
                member=member,
                purpose=purpose,
                **form.cleaned_data,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            done = _("Consent recorded") if act == "give" else _("Withdrawal recorded")
            messages.success(request, done)
            return go_to(request, "members:members-detail", member.pk)
    words = _words(request, member, purpose, act)
    return _ask(request, form, words, REFUSED if form.errors else 200)


def _words(request: ConsoleRequest, member: Member, purpose: str, act: str) -> dict[str, Any]:
    given = act == "give"
    label = Purpose(purpose).label
    heading = _("Record the consent: %(purpose)s") if given else _("Withdraw: %(purpose)s")
    return {
        "id": "consent",
        "text": selectors.current_text(
            brand_id=member.brand_id, purpose=purpose, now=timezone.now()
        )
        if given
        else None,
        "warning": "" if given else _WITHDRAWN[purpose],
        "heading": heading % {"purpose": label},
        "button": _("Record consent") if given else _("Record withdrawal"),
        "action": request.path,
        "back": reverse("members:members-detail", args=[member.pk]),
    }


def _ask(
    request: ConsoleRequest, form: Any, context: dict[str, Any], status: int
) -> HttpResponseBase:
    return page_or_partial(
        request,
        "members/privacy/form_page.html",
        "members/privacy/_drawer.html",
        context | {"form": form},
        status,
    )


@console(Permission.MEMBERS_VIEW)
def consent_texts(request: ConsoleRequest) -> HttpResponseBase:
    """Show every version of what the brand asks members to agree to."""
    now = timezone.now()
    in_force = {
        text.pk
        for purpose in Purpose.values
        if (
            text := selectors.current_text(
                brand_id=request.viewer.brand_id, purpose=purpose, now=now
            )
        )
    }
    context = {
        "rows": [
            (text, text.pk in in_force, text.effective_from > now)
            for text in selectors.texts(viewer=request.viewer)
        ],
        "may_edit": request.viewer.may(Permission.PRIVACY_EDIT) and request.viewer.is_brand_wide,
    }
    return render(request, "members/privacy/texts.html", context)


@console(Permission.PRIVACY_EDIT, methods=("GET", "POST"))
def consent_texts_new(request: ConsoleRequest) -> HttpResponseBase:
    """Add the next version of a text."""
    form = TextForm(
        request.POST if request.method == "POST" else None,
        initial={"effective_from": timezone.localtime()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.add_text(**form.cleaned_data, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Version added"))
            return go_to(request, "members:consent-texts")
    context = {
        "id": "consent-text",
        "heading": _("New version of a consent text"),
        "button": _("Add version"),
        "warning": _("A version cannot be changed later, only followed by another."),
        "action": request.path,
        "back": reverse("members:consent-texts"),
    }
    return _ask(request, form, context, REFUSED if form.errors else 200)


def _member(request: ConsoleRequest, member_id: int) -> Member:
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member
