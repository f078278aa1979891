"""What belongs to a member and moves along when the member becomes another one.

Each app registers its tables. None can be forgotten: the merged member's row is taken out of
``members_member``, and the database refuses that while any table still refers to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.utils.functional import _StrOrPromise

    from members.profiles.models import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Rows of which one member may have only one, such as the consents for one purpose.

    All texts are SQL by programmers, never by users. ``together`` is a condition over the aliases
    ``w`` and ``l``, rows of the winner and of the loser, that cannot both stay. ``loser_stays``,
    over the same two, says when it is the loser's row that stays; otherwise the winner's does. The
    one that goes is kept in the merge and deleted, or, with ``closed_by``, stays as history with
    these columns set: ``{"left_at": "%(now)s"}``. ``may_reopen`` over the alias ``t`` says whether
    undoing may take these values back.
    """

    together: str
    words: _StrOrPromise  # how it is settled, for people
    loser_stays: str = "FALSE"
    closed_by: Mapping[str, str] = field(default_factory=dict)
    may_reopen: str = "TRUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedRows:
    """One table whose rows name a member.

    ``key`` tells the rows of a member apart. Before the rest moves, rows of either for which
    ``impossible`` holds, SQL over the alias ``t`` and ``%(winner)s`` and ``%(loser)s``, are kept
    in the merge and deleted; then ``clashes`` are settled in their order. ``marked`` is a column
    that says of moved rows whose they were. ``comes_back``, SQL over the alias ``k`` and
    ``%(now)s``, says which rows that were deleted may come back when a merge is undone.

    Where people write anew what a row says, ``answers`` names these columns: a moved row that says
    something else by the time of undoing stays, and the one who comes back gets it as it was.
    ``follows`` is a column by which later rows name a moved one by ``id``; they go back with it,
    if they bear the mark. ``settled`` is a statement that is run when all has come back, over
    ``%(winner)s``, ``%(loser)s``, ``%(merged_at)s``.
    """

    table: str
    label: _StrOrPromise
    key: tuple[str, ...] = ("id",)
    column: str = "member_id"
    impossible: str = ""
    clashes: tuple[Clash, ...] = ()
    marked: str = ""
    comes_back: str = "TRUE"
    answers: tuple[str, ...] = ()
    follows: str = ""
    settled: str = ""
    is_shown: bool = True  # counted on the preview
    part: str = ""  # name under which single rows, by ``id``, can be taken out into a new member


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedField:
    """A fact about a member of which the merged one has one value, in one or more columns.

    ``columns[0]`` tells whether there is a value (not null, not empty). People choose whose
    counts where the two differ; with ``combined``, SQL over ``w`` and ``l`` for the first column,
    nobody is asked. ``along`` are further columns, each with its SQL, that change with the fact.
    """

    key: str
    label: _StrOrPromise
    columns: tuple[str, ...]
    shown: Callable[[Member], str]  # the value as people read it, masked as on screen
    combined: str = ""
    along: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> tuple[str, ...]:
        """Every column that changes with the fact; undoing sets all of them back, or none."""
        return (*self.columns, *self.along)


_rows: dict[str, MovedRows] = {}
_fields: dict[str, MergedField] = {}


def register_moved_rows(*tables: MovedRows) -> None:
    """Announce tables; called from ``AppConfig.ready``."""
    _rows.update({f"{each.table}.{each.column}": each for each in tables})


def register_merged_fields(*fields: MergedField) -> None:
    """Announce facts of members; called from ``AppConfig.ready``."""
    _fields.update({each.key: each for each in fields})


def moved_rows() -> Mapping[str, MovedRows]:
    """Return the tables by name and column, in the order in which they were announced."""
    return dict(_rows)


def parts() -> dict[str, MovedRows]:
    """Return the tables whose rows can be taken out one by one, by the name of the part."""
    return {each.part: each for each in _rows.values() if each.part}


def merged_fields() -> list[MergedField]:
    """Return the facts in the order in which they were announced."""
    return list(_fields.values())
