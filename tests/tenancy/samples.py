"""What stands behind each address, so that the matrix can ask for somebody else's.

Every route has one entry, in the table of its app below; the matrix fails for a route without:

    row(make)       addresses one row. ``make(scope)`` makes it in the scope and returns the
                    address's arguments. Of another brand or, unless ``dealers=False``, of
                    another dealer it answers 404, and nothing is written. ``personal`` rows
                    exist for ``scope.staff`` alone, whatever the role of others.
    listing()       addresses no row; what it shows may hold nothing of other scopes. Give it
                    ``make`` too where no other entry makes the rows it lists.
    own()           about the visitor alone: sign-out, profile, the palette's empty box.
    public()        holds no rows and asks nobody who they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tenancy.world import Scope

    Make = Callable[[Scope], dict[str, Any]]


@dataclass(frozen=True)
class Entry:
    kind: str
    make: Make | None = None
    dealers: bool = True
    body: str = "{}"
    personal: bool = False


def row(make: Make, *, dealers: bool = True, body: str = "{}", personal: bool = False) -> Entry:
    return Entry("row", make, dealers, body, personal)


def listing(make: Make | None = None, *, dealers: bool = True) -> Entry:
    return Entry("listing", make, dealers)


def own() -> Entry:
    return Entry("own")


def public() -> Entry:
    return Entry("public")
