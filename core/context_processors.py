"""What the shell around every console page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.navigation import NavLink, Section, links_for, url_of
from core.staff.models import Role

if TYPE_CHECKING:
    from django.http import HttpRequest  # noqa: TID251  only the type

# What the shell links to besides the navigation. A part whose route is missing is not shown.
SHELL_ROUTES = {
    "home": "core:workbench",
    "tasks": "core:runs-list",
    "tasks_badge": "core:runs-badge",
    "search": "core:search",
    "profile": "core:profile",
    "sign_out": "core:sign-out",
    "language": "set_language",
}
# What may not be opened is not shown either: its badge would be refused over and over.
SHELL_PERMISSIONS = {"tasks": Permission.RUNS_VIEW, "tasks_badge": Permission.RUNS_VIEW}
TABBAR_PLACES = 4


class Shell:
    """Navigation and addresses for one request; worked out only where a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def viewer(self) -> Any:
        """Who is looking, or None on the signed-out pages."""
        return getattr(self._request, "viewer", None)

    @cached_property
    def links(self) -> list[NavLink]:
        """Every place the viewer may open."""
        permissions = getattr(self.viewer, "permissions", ())
        return links_for(permissions, self._request.path)

    @property
    def person(self) -> dict[str, str]:
        """Who is signed in: name and roles in words."""
        if not self.viewer:
            return {}
        roles = [str(Role(role).label) for role in self.viewer.roles]
        return {"name": self.viewer.label, "role": " · ".join(roles)}

    @property
    def scope(self) -> dict[str, Any]:
        """What this person sees: the brand and the part of its tree."""
        if not self.viewer:
            return {}
        return {
            "brand": self.viewer.brand_name,
            "place": _place(self.viewer),
            "title": formats.listed(self.viewer.places),
        }

    @property
    def work(self) -> list[NavLink]:
        """The places of daily work."""
        return [link for link in self.links if link.section == Section.WORK]

    @property
    def setup(self) -> list[NavLink]:
        """The places of setup, shown below the line."""
        return [link for link in self.links if link.section == Section.SETUP]

    @property
    def tabbar(self) -> list[NavLink]:
        """The first places of daily work, within reach of a thumb."""
        return self.work[:TABBAR_PLACES]

    @cached_property
    def urls(self) -> dict[str, str]:
        """Addresses of the shell's own parts; an empty one hides its part."""
        held = getattr(self.viewer, "permissions", ())
        return {
            part: url_of(name) if SHELL_PERMISSIONS.get(part) in {None, *held} else ""
            for part, name in SHELL_ROUTES.items()
        }


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Give every template the shell of this request."""
    return {"shell": Shell(request)}


def _place(viewer: Any) -> str:
    if viewer.is_brand_wide:
        return _("Headquarters")
    if not viewer.places:
        return _("no scope yet")
    more = len(viewer.places) - 1
    if not more:
        return str(viewer.places[0])
    return ngettext("%(place)s and %(n)d more", "%(place)s and %(n)d more", more) % {
        "place": viewer.places[0],
        "n": more,
    }
