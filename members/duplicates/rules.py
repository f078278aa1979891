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
    "phone": Reason(_("the phone of one was given for the other"), 100),
    "unionid": Reason(_("the unionid of one was given for the other"), 100),
    "app_user": Reason(_("the app user of one was given for the other"), 100),
    "wecom_external": Reason(_("the WeCom external_userid of one was given for the other"), 100),
    "customer_no": Reason(_("the customer number of one was given for the other"), 98),
    "vin": Reason(_("the car of one was given for the other"), 97),
    "identity": Reason(_("the same name in two other systems"), 95),
    "merged_phone": Reason(_("a phone that led to the other one"), 95),
    "vehicle": Reason(_("the same name and the same car, one after the other"), 90),
    "name_tail": Reason(_("the same name and the same last digits of the phone"), 80),
    "name_dealer": Reason(_("the same name at one dealer, one of them without a phone"), 60),
}

# What refusals told; the search through all members cannot meet it again. Nothing that it finds is
# as sure.
TOLD = ("phone", "unionid", "app_user", "wecom_external", "customer_no", "vin")


def in_words(keys: list[str]) -> list[str]:
    """Return reasons as people read them; one of an older version by its plain name."""
    return [str(REASONS[key].words) if key in REASONS else key for key in keys]
