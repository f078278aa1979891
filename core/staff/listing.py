"""The list of staff, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from core.staff import selectors
from core.staff.forms import StaffFilterForm
from core.staff.models import Role, Staff
from core.staff.selectors import StaffFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def form_of(query: Any, viewer: Viewer) -> StaffFilterForm:
    """Return the filters of an address."""
    return StaffFilterForm(query, viewer=viewer)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Staff]:
    """Return the people whom an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer))


def narrowed(*, viewer: Viewer, form: StaffFilterForm) -> QuerySet[Staff]:
    """Return the people who fit the filters; nobody, where one cannot be read."""
    chosen = form.chosen()
    found = selectors.people(viewer=viewer, narrowed=chosen or StaffFilter())
    return found if chosen is not None else found.none()


def cells(people: Sequence[Any], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw people."""
    for person in people:
        yield [
            person.display_name,
            person.username,
            [_held(grant) for grant in person.shown_grants],
            _state(person),
            person.seen_at,
        ]


def _held(grant: Any) -> str:
    place, role = selectors.place_of(grant=grant), str(Role(grant.role).label)
    return f"{role} · {place}" if place else role


def _state(person: Staff) -> str:
    if not person.is_active:
        return _("Deactivated")
    return _("Initial password") if person.must_change_password else _("May sign in")


STAFF = ListSource(
    label=gettext_lazy("Staff"),
    place="core:staff-list",
    permission=Permission.STAFF_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("name", gettext_lazy("Person")),
        Column("username", gettext_lazy("User name")),
        Column("roles", gettext_lazy("Roles")),
        Column("state", gettext_lazy("State")),
        Column("seen", gettext_lazy("Last seen")),
    ),
    cells=cells,
    unit="people",
    order="display_name",
    sorts={"name": "display_name", "-name": "-display_name", "added": "id", "-added": "-id"},
    searches=("q",),
)
