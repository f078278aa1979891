"""What a file brings of the fields that the brand declared itself.

A file without such columns does not come by here at all: no statement more, no row touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members.imports import staging
from members.imports.fields import CUSTOM
from members.imports.preparing import copy_lines

if TYPE_CHECKING:
    from members.imports.member_upsert import Upsert
    from members.imports.preparing import Chunk

COLUMNS = ("n", "field_id", "slot", "text", "number", "day", "choice_id")


def plan(cursor: Any, upsert: Upsert, chunk: Chunk, values: dict[str, Any]) -> None:
    """Mark the known members for whom a value changes as changed themselves."""
    if not is_mapped(upsert):
        return
    staging.drop(cursor, "import_custom")
    cursor.execute(CREATE)
    staging.copy(cursor, "import_custom", COLUMNS, copy_lines(chunk.custom))
    cursor.execute("CREATE INDEX ON import_custom (n, field_id, slot); ANALYZE import_custom")
    staging.run(cursor, MARK, values)


def write(cursor: Any, upsert: Upsert, values: dict[str, Any]) -> None:
    """Write the values; of several choices, those that the cell does not name go."""
    if is_mapped(upsert):
        staging.run(cursor, DELETE, values)
        staging.run(cursor, INSERT, values)


def is_mapped(upsert: Upsert) -> bool:
    """Whether a column is mapped to one of the brand's own fields."""
    return any(name.startswith(CUSTOM) for name in upsert.mapping)


CREATE = """
CREATE TEMP TABLE import_custom (
    n bigint, field_id bigint, slot bigint, text text, number bigint, day date, choice_id bigint
) ON COMMIT DROP
"""
# Not named by the cell that brings the field.
LEFT_OUT = """
    v.brand_id = %(brand)s AND v.member_id = p.member_id AND v.slot <> 0
    AND EXISTS (SELECT FROM import_custom AS c WHERE c.n = p.n AND c.field_id = v.field_id)
    AND NOT EXISTS (
        SELECT FROM import_custom AS c
        WHERE c.n = p.n AND c.field_id = v.field_id AND c.slot = v.slot
    )
"""
MARK = """
UPDATE import_plan AS p SET is_own_changed = true
WHERE NOT p.is_new AND p.refusal IS NULL AND NOT p.is_own_changed AND (
    EXISTS (
        SELECT FROM import_custom AS c WHERE c.n = p.n AND NOT EXISTS (
            SELECT FROM members_customvalue AS v
            WHERE v.brand_id = %(brand)s AND v.member_id = p.member_id
            AND v.field_id = c.field_id AND v.slot = c.slot
            AND (v.text, v.number, v.day, v.choice_id)
                IS NOT DISTINCT FROM (c.text, c.number, c.day, c.choice_id)
        )
    )
    OR EXISTS (SELECT FROM members_customvalue AS v WHERE -- left out
    )
)
""".replace("-- left out", LEFT_OUT)
DELETE = """
DELETE FROM members_customvalue AS v USING import_plan AS p
WHERE p.refusal IS NULL AND p.is_own_changed AND NOT p.is_new AND -- left out
""".replace("-- left out", LEFT_OUT)
INSERT = """
INSERT INTO members_customvalue AS v
    (brand_id, member_id, field_id, slot, text, number, day, choice_id)
SELECT %(brand)s, p.member_id, c.field_id, c.slot, c.text, c.number, c.day, c.choice_id
FROM import_plan AS p JOIN import_custom AS c ON c.n = p.n
WHERE p.refusal IS NULL AND (p.is_new OR p.is_own_changed)
ON CONFLICT (brand_id, member_id, field_id, slot) DO UPDATE SET
    text = excluded.text, number = excluded.number, day = excluded.day,
    choice_id = excluded.choice_id
WHERE (v.text, v.number, v.day, v.choice_id)
    IS DISTINCT FROM (excluded.text, excluded.number, excluded.day, excluded.choice_id)
"""
