"""Refused rows that mean two members: one by their number or phone, another by something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.profiles import ports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper


def tell(cursor: CursorWrapper, owners: Mapping[str, str], *, brand_id: int, now: datetime) -> None:
    """Say which members the refused rows of ``import_plan`` mix up, so that people judge them.

    ``owners`` maps what a row brings to the column that says whose it is. Rows that wait for
    another turn are out of the plan by then, and none of theirs is told too early.
    """
    given = ", ".join(f"('{by}', p.{column})" for by, column in owners.items())
    cursor.execute(MIXED.replace("-- given", given))
    found = [ports.MixUp(*row) for row in cursor.fetchall()]
    ports.members_mixed_up(mix_ups=found, brand_id=brand_id, now=now)


MIXED = """
SELECT DISTINCT given.by, p.found_id, given.owner
FROM import_plan AS p CROSS JOIN LATERAL (VALUES -- given
) AS given (by, owner)
WHERE p.refusal IS NOT NULL AND p.found_id <> given.owner
"""
