"""Every address of the product, read from the URL resolver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, get_resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    name: str  # namespaced, such as "api:core:dealers-detail"
    view: Callable[..., Any]

    @property
    def methods(self) -> tuple[str, ...]:
        """What the view answers; all methods where it does not say."""
        actions = getattr(self.view, "actions", None)  # REST framework
        declared = getattr(self.view, "methods", None)  # core.kernel.console
        offered = {m.upper() for m in actions} if actions else set(declared or METHODS)
        return tuple(method for method in METHODS if method in offered)

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:")


def all_routes() -> list[Route]:
    """Return them in the order of the resolver."""
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield Route(prefix + (pattern.name or str(pattern.pattern)), pattern.callback)
        else:
            name = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, prefix + name)
