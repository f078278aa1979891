"""The list of pairs, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel import formats
from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from members.duplicates import rules
from members.duplicates.forms import PairFilterForm
from members.duplicates.models import DuplicatePair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

ORDER = "-score"


def form_of(query: Any, _viewer: Viewer) -> PairFilterForm:
    """Return the filters of an address."""
    return PairFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[DuplicatePair]:
    """Return the pairs in the state that the address asks for."""
    del now
    state = form_of(query, viewer).chosen_state()
    found = DuplicatePair.objects.visible_to(viewer).filter(state=state)
    return found.select_related(
        "first__city", "first__home_dealer", "second__city", "second__home_dealer"
    )


def cells(pairs: Sequence[DuplicatePair], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw pairs."""
    for pair in pairs:
        both = [pair.first, pair.second]
        names = [formats.masked_name(member.display_name) for member in both]
        phones = [member.phone_masked for member in both]
        why = "; ".join(rules.in_words(pair.reasons))
        yield [names[0], phones[0], names[1], phones[1], pair.score, why, pair.found_at]


PAIRS = ListSource(
    label=_("Duplicate members"),
    place="members:duplicates-list",
    permission=Permission.MEMBERS_EDIT,
    rows=rows,
    columns=(
        Column("first", _("Member")),
        Column("first_phone", _("Phone")),
        Column("second", _("The other member")),
        Column("second_phone", _("Phone of the other")),
        Column("score", _("Score")),
        Column("why", _("Why")),
        Column("found", _("Found")),
    ),
    cells=cells,
    form=form_of,
    unit="pairs",
    order=ORDER,
)
