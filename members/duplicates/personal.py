"""What pairs keep about a member: that they may be somebody else."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.duplicates.models import DuplicatePair
from members.erasure.ports import Holding

HOLDINGS = (
    Holding(
        model=DuplicatePair,
        columns=("first_id", "second_id"),
        label=_("Pairs to judge"),
        untold="A guess about two people; telling it would tell of the other one.",
    ),
)
