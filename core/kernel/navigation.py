"""The console's navigation as data: apps register places, the shell shows the allowed ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrOrPromise


class Section(StrEnum):
    """Where in the side navigation an item stands: daily work above the line, setup below."""

    WORK = "work"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class NavItem:
    """A place of the console.

    ``permission`` empty means everybody signed in. ``prefix`` overrides the path under which
    the item counts as the current place (default: the address of ``url_name``).
    """

    label: _StrOrPromise
    url_name: str
    icon: str
    permission: str = ""
    order: int = 100
    section: Section = Section.WORK
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class NavLink:
    """A navigation item made ready for one viewer on one page."""

    label: _StrOrPromise
    url: str
    icon: str
    section: Section
    is_current: bool


_ITEMS: dict[str, NavItem] = {}


def register(*items: NavItem) -> None:
    """Add places to the navigation; called from ``AppConfig.ready``.

    Registering the same ``url_name`` again replaces the item, so a second ``ready`` is harmless.
    """
    _ITEMS.update({item.url_name: item for item in items})


def links_for(permissions: Iterable[str], path: str) -> list[NavLink]:
    """Return what this viewer may open, in order, with the place of ``path`` marked."""
    held = {str(permission) for permission in permissions}
    shown = [
        (item, url)
        for item in sorted(_ITEMS.values(), key=lambda item: item.order)
        if (not item.permission or str(item.permission) in held) and (url := url_of(item.url_name))
    ]
    current = _current_place(shown, path)
    return [
        NavLink(item.label, url, item.icon, item.section, is_current=item.url_name == current)
        for item, url in shown
    ]


def url_of(url_name: str) -> str:
    """Return the address of a route, or nothing where it is not installed."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _current_place(shown: Iterable[tuple[NavItem, str]], path: str) -> str:
    """Return the route whose address is the longest prefix of ``path``."""
    best, length = "", 0
    for item, url in shown:
        prefix = item.prefix or url
        # The start page is a prefix of everything: only the page itself counts as being there.
        is_here = path == prefix if prefix == "/" else path.startswith(prefix)
        if is_here and len(prefix) > length:
            best, length = item.url_name, len(prefix)
    return best
