"""What rows bring of the fields that the brand declared itself.

A file without such columns does not come by here at all: no statement more, no row touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members.custom_fields import rules
from members.imports import staging
from members.imports.fields import CUSTOM
from members.imports.preparing import copy_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from members.custom_fields.rules import Spec, Value
    from members.imports.member_upsert import Upsert
    from members.imports.preparing import Chunk

INCOMPLETE = "custom_required"  # what a new member is refused for; beside it, the field's key
CLEARED = -1  # the slot of a line that takes the field's value away
COLUMNS = ("n", "field_id", "slot", "text", "number", "day", "choice_id")


def plan(cursor: Any, upsert: Upsert, chunk: Chunk, values: dict[str, Any]) -> None:
    """Mark the known members for whom a value changes as changed themselves."""
    if not is_mapped(upsert):
        return
    staging.drop(cursor, "import_custom")
    cursor.execute(CREATE)
    staging.copy(cursor, "import_custom", COLUMNS, copy_lines(chunk.custom))
    cursor.execute("CREATE INDEX ON import_custom (n, field_id, slot); ANALYZE import_custom")
    if upsert.needed:
        needed = {
            "needed": [spec.pk for spec in upsert.needed],
            "keys": [spec.key for spec in upsert.needed],
        }
        staging.run(cursor, REFUSE_INCOMPLETE, needed)
    staging.run(cursor, MARK, values)


def lines_of(number: int, values: Mapping[Spec, Value]) -> list[tuple[Any, ...]]:
    """Return what a chunk holds of one row's values; none takes away what is kept."""
    found: list[tuple[Any, ...]] = []
    for spec, value in values.items():
        rows = rules.rows_of(spec, value) or [(spec.pk, CLEARED, None, None, None, None)]
        found += [(number, *row) for row in rows]
    return found


def write(cursor: Any, upsert: Upsert, values: dict[str, Any]) -> None:
    """Write the values; what is cleared goes, and of several choices those not named."""
    if is_mapped(upsert):
        staging.run(cursor, DELETE, values)
        staging.run(cursor, INSERT, values)


def is_mapped(upsert: Upsert) -> bool:
    """Whether a column is mapped to one of the brand's own fields, or a new member needs one."""
    return bool(upsert.needed) or any(name.startswith(CUSTOM) for name in upsert.mapping)


CREATE = """
CREATE TEMP TABLE import_custom (
    n bigint, field_id bigint, slot bigint, text text, number bigint, day date, choice_id bigint
) ON COMMIT DROP
"""
REFUSE_INCOMPLETE = """
UPDATE import_plan AS p SET refusal = 'custom_required', other = missing.key
FROM (
    SELECT DISTINCT ON (asked.n) asked.n, field.key
    FROM import_plan AS asked
    CROSS JOIN unnest(%(needed)s::bigint[], %(keys)s::text[])
        WITH ORDINALITY AS field (id, key, place)
    WHERE asked.is_new AND NOT EXISTS (
        SELECT FROM import_custom AS c
        WHERE c.n = asked.n AND c.field_id = field.id AND c.slot >= 0
    )
    ORDER BY asked.n, field.place
) AS missing
WHERE p.n = missing.n AND p.refusal IS NULL
"""
# Not named by the cell that brings the field, or cleared.
LEFT_OUT = """
    v.brand_id = %(brand)s AND v.member_id = p.member_id
    AND EXISTS (
        SELECT FROM import_custom AS c
        WHERE c.n = p.n AND c.field_id = v.field_id AND (v.slot <> 0 OR c.slot < 0)
    )
    AND NOT EXISTS (
        SELECT FROM import_custom AS c
        WHERE c.n = p.n AND c.field_id = v.field_id AND c.slot = v.slot
    )
"""
MARK = """
UPDATE import_plan AS p SET is_own_changed = true
WHERE NOT p.is_new AND p.refusal IS NULL AND NOT p.is_own_changed AND (
    EXISTS (
        SELECT FROM import_custom AS c WHERE c.n = p.n AND c.slot >= 0 AND NOT EXISTS (
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
WHERE p.refusal IS NULL AND (p.is_new OR p.is_own_changed) AND c.slot >= 0
ON CONFLICT (brand_id, member_id, field_id, slot) DO UPDATE SET
    text = excluded.text, number = excluded.number, day = excluded.day,
    choice_id = excluded.choice_id
WHERE (v.text, v.number, v.day, v.choice_id)
    IS DISTINCT FROM (excluded.text, excluded.number, excluded.day, excluded.choice_id)
"""
