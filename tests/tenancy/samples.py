"""What stands behind each address, so that the matrix can ask for somebody else's.

Every route has one entry, in the table of its app below; the matrix fails for a route without:

    row(make)       addresses one row. ``make(scope)`` makes it in the scope and returns the
                    address's arguments, under "body" what a write must bring to get as far as
                    the row, and under "query" what a question must. Of another brand or, unless
                    ``dealers=False``, of another dealer it answers 404, and nothing is written.
                    With ``dealers=False`` every dealer sees the row, and still none of whom the
                    other dealer has: samples are about members of both where they can be.
                    ``personal`` rows exist for ``scope.staff`` alone, whatever others' roles.
    listing()       addresses no row; what it shows may hold nothing of other scopes. With
                    ``make`` the address names something, and is asked for others' things too.
    own()           about the visitor alone: sign-out, profile, a count of one's own.
    public()        holds no rows and asks nobody who they are.

``refers(scope)`` of any entry is a body that points at the scope's rows: sent for other scopes'
rows it must be refused, and nothing written.
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
    personal: bool = False
    refers: Make | None = None


def row(
    make: Make, *, dealers: bool = True, personal: bool = False, refers: Make | None = None
) -> Entry:
    return Entry("row", make, dealers, personal, refers)


def listing(make: Make | None = None, *, dealers: bool = True, refers: Make | None = None) -> Entry:
    return Entry("listing", make, dealers, refers=refers)


def own() -> Entry:
    return Entry("own")


def public() -> Entry:
    return Entry("public")


def pk(make: Make) -> Make:
    """REST calls every row's number ``pk``: rename the one argument that is the address."""

    def renamed(scope: Scope) -> dict[str, Any]:
        made = make(scope)
        rest = {name: made.pop(name) for name in ("body", "query") if name in made}
        (number,) = made.values()
        return {"pk": number} | rest

    return renamed
