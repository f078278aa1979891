"""Migration operations by which live segments hear of what conditions read."""

from __future__ import annotations

from django.db.migrations import RunSQL

EVENTS = {"arrived": ("INSERT", "NEW"), "departed": ("DELETE", "OLD"), "became": ("UPDATE", "NEW")}
# What moves from one member to another is news of both.
MOVED = {"was": ("UPDATE", "OLD")}


def touch_members(table: str, column: str = "member_id", *, moves: bool = True) -> RunSQL:
    """Leave a mark for every member whose rows of ``table`` change.

    ``column`` names the member. Once a statement, so that a million rows brought in at once leave
    their marks together; none where no brand has a live segment. The function that leaves them
    stands in the migration ``members.0004``.
    """
    events = EVENTS | (MOVED if moves else {})
    forward = "".join(
        f"""
        CREATE TRIGGER members_touch_{name} AFTER {event} ON {table}
            REFERENCING {state} TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION members_touch('{column}');
        """
        for name, (event, state) in events.items()
    )
    backward = "".join(f"DROP TRIGGER members_touch_{name} ON {table};" for name in events)
    return RunSQL(forward, backward)


def touch_behind(
    table: str, *columns: str, through: str, key: str, member: str = "member_id"
) -> RunSQL:
    """Leave a mark for every member behind rows of ``table`` whose ``columns`` become others.

    ``through`` leads to them: its column ``key`` names the row, its column ``member`` the member.
    What else changes about such a row is no news.
    """
    name = f"members_touch_behind_{table}"
    was, now = (", ".join(f"{side}.{column}" for column in columns) for side in ("was", "changed"))
    forward = f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM members_livesegment) THEN
                INSERT INTO members_touchedmember (brand_id, member_id, at)
                SELECT DISTINCT link.brand_id, link.{member}, now()
                FROM changed
                JOIN was ON was.brand_id = changed.brand_id AND was.id = changed.id
                JOIN {through} AS link
                    ON link.brand_id = changed.brand_id AND link.{key} = changed.id
                WHERE ({was}) IS DISTINCT FROM ({now})
                  AND changed.brand_id IN (SELECT live.brand_id FROM members_livesegment AS live);
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER {name} AFTER UPDATE ON {table}
            REFERENCING OLD TABLE AS was NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION {name}();
    """  # noqa: S608  names of tables and columns, from migrations alone
    return RunSQL(forward, f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();")
