"""Rows that name a merged member by what was theirs mean the member whom they became part of.

Their phone or customer number stands among members no more (``members_mergedmember`` keeps it). A
staged row that brings it gets the other one's instead, before anything is matched; so the row
finds that member, and does not overwrite what was chosen when the two were merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members.imports import staging

if TYPE_CHECKING:
    from collections.abc import Mapping

PHONE_COLUMNS = ("phone_hash", "phone_cipher", "phone_masked", "phone_tail")


def follow(cursor: Any, columns: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """Rename staged rows; return whether the brand has merged members at all."""
    cursor.execute(ANY, values)
    if not cursor.fetchone()[0]:
        return False
    staging.run(cursor, BY_NUMBER, values)
    held = [name for name in PHONE_COLUMNS if name in columns]
    sets = ", ".join(f"{name} = w.{name}" for name in held)
    staging.run(cursor, BY_PHONE.replace("-- sets", sets), values)
    return True


def refuse_second(cursor: Any, values: Mapping[str, Any]) -> None:
    """Refuse rows that mean a member of an earlier row of the chunk since the two were merged."""
    staging.run(cursor, REFUSE_SECOND, values)


ANY = "SELECT EXISTS (SELECT FROM members_mergedmember WHERE brand_id = %(brand)s)"
BY_NUMBER = """
UPDATE import_stage AS s SET customer_no = w.customer_no
FROM members_mergedmember AS gone
JOIN members_member AS w ON w.brand_id = gone.brand_id AND w.id = gone.winner_id
WHERE gone.brand_id = %(brand)s AND gone.customer_no = s.customer_no
  AND w.customer_no IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM members_member AS live
      WHERE live.brand_id = %(brand)s AND live.customer_no = s.customer_no
  )
"""
BY_PHONE = """
UPDATE import_stage AS s SET -- sets
FROM members_mergedmember AS gone
JOIN members_member AS w ON w.brand_id = gone.brand_id AND w.id = gone.winner_id
WHERE gone.brand_id = %(brand)s AND gone.phone_hash = s.phone_hash
  AND w.phone_hash IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM members_member AS live
      WHERE live.brand_id = %(brand)s AND live.phone_hash = s.phone_hash
  )
"""
REFUSE_SECOND = """
UPDATE import_plan AS p SET refusal = 'same_merged', other = first.n::varchar
FROM (
    SELECT member_id, min(n) AS n FROM import_plan
    WHERE refusal IS NULL AND NOT is_new GROUP BY member_id HAVING count(*) > 1
) AS first
WHERE p.member_id = first.member_id AND p.n > first.n AND p.refusal IS NULL
"""
