"""What the pages of tags share: finding the tag, its header and tabs, drawers and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, form_status, go_to, page_or_partial
from core.kernel.errors import NotFound
from core.kernel.feedback import done
from members.tags import selectors
from members.tags.models import Tag

if TYPE_CHECKING:
    from django.forms import Form
    from django.http.response import HttpResponseBase  # noqa: TID251  only the type

    from core.kernel.access import Viewer

TABS = ("tags-detail", "tags-members", "tags-history")


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a tag's page."""

    url: str
    label: str
    count: int | None
    is_current: bool


def tag_of(viewer: Viewer, tag_id: int) -> Tag:
    """Return a tag that the viewer may see.

    Raises:
        NotFound: there is none.
    """
    tag = Tag.objects.visible_to(viewer).select_related("group").filter(pk=tag_id).first()
    if tag is None:
        raise NotFound
    return tag


def tag_page(tag: Tag, viewer: Viewer, current: str) -> dict[str, Any]:
    """Return what each of a tag's pages shows: header, tabs, and what the viewer may do."""
    people = tag.member_count if viewer.is_brand_wide else None
    labels = (_("Rule"), pgettext("tag", "Members"), _("History"))
    tabs = [
        Tab(
            reverse(f"members:{name}", args=[tag.pk]),
            label,
            people if name == "tags-members" else None,
            name == current,
        )
        for name, label in zip(TABS, labels, strict=True)
    ]
    return {
        "tag": tag,
        "people": people or 0,
        "tabs": tabs,
        "rule": selectors.rule_of(tag=tag),
        "sees_counts": viewer.is_brand_wide,
        "may_edit": viewer.may(Permission.TAGS_EDIT),
        "sees_audit": viewer.may(Permission.AUDIT_VIEW),
    }


def answered(request: ConsoleRequest, text: str) -> HttpResponseBase:
    """Close the drawer and have the list of tags drawn anew."""
    if request.htmx:
        return done(text=text, close=True, changed="tags-changed")
    messages.success(request, text)
    return go_to(request, "members:tags-list")


def drawer(
    request: ConsoleRequest,
    form: Form,
    heading: str,
    button: str,
    template: str = "drawer.html",
    **more: Any,
) -> HttpResponseBase:
    """Answer a form in a drawer, or on a page of its own where there are no scripts."""
    context = {
        "id": "tag-drawer",
        "form": form,
        "heading": heading,
        "button": button,
        "action": request.get_full_path(),
        **more,
    }
    partial = f"members/tags/_{template}"
    page = {"partial": partial, **context}
    full = "members/tags/form_page.html"
    return page_or_partial(request, full, partial, page, form_status(form))
