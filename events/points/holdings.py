"""Points, when two members become one: entries move, and the balances follow by themselves.

The trigger of the entries takes from one balance what it adds to the other, so the balances of the
one who goes are at nothing when they are put away. Undoing is refused where points that would go
back were spent meanwhile: no balance may fall below zero. What was taken back of them since, or ran
out, bears their mark and goes along.
"""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from members.merging.ports import MovedRows

ENTRIES = MovedRows(
    table="events_pointsentry",
    label=pgettext_lazy("ledger", "Points"),
    marked="of_merged",
    follows="reverses_id",
)
# Settled after the entries, and put back before them.
BALANCES = MovedRows(
    table="events_pointsbalance",
    label=pgettext_lazy("ledger", "Points"),
    key=("ledger",),
    impossible="t.member_id = %(loser)s",
    is_shown=False,
)
