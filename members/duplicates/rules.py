"""Why two members may be one person, and how sure each reason makes."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

# Names that more people of one place share than this tell nothing about a person.
MOST_NAMESAKES = 5


class Reason(NamedTuple):
    """One reason in words; of several the surest counts."""

    words: object
    score: int


REASONS = {
    "identity": Reason(_("the same name in two other systems"), 95),
    "merged_phone": Reason(_("a phone that led to the other one"), 95),
    "vehicle": Reason(_("the same name and the same car, one after the other"), 90),
    "name_tail": Reason(_("the same name and the same last digits of the phone"), 80),
    "name_dealer": Reason(_("the same name at one dealer, one of them without a phone"), 60),
}


def in_words(keys: list[str]) -> list[str]:
    """Return reasons as people read them; one of an older version by its plain name."""
    return [str(REASONS[key].words) if key in REASONS else key for key in keys]
