"""The list of deletions, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from members.erasure.forms import ErasureFilterForm
from members.erasure.models import Erasure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandQuerySet


def form_of(query: Any, _viewer: Viewer) -> ErasureFilterForm:
    """Return the filters of an address."""
    return ErasureFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> BrandQuerySet[Erasure]:
    """Return the deletions that an address means; none, where a filter cannot be read."""
    form, found = form_of(query, viewer), Erasure.objects.visible_to(viewer)
    if not form.is_valid():
        return found.none()
    state = form.cleaned_data["state"]
    return found.filter(state=state) if state else found


def cells(erasures: Sequence[Erasure], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw deletions."""
    for one in erasures:
        yield [
            one.member_id,
            str(one.get_state_display()),
            str(one.get_reason_display()),
            one.requested_by_label,
            one.requested_at,
            one.due_at,
            one.finished_at,
        ]


ERASURES = ListSource(
    label=_("Deletions"),
    place="members:erasures-list",
    permission=Permission.MEMBERS_ERASE,
    form=form_of,
    rows=rows,
    columns=(
        Column("member", _("Member's number")),
        Column("state", _("State")),
        Column("reason", _("Reason")),
        Column("by", _("Asked by")),
        Column("asked", _("Asked")),
        Column("due", _("Due")),
        Column("finished", _("Finished")),
    ),
    cells=cells,
)
