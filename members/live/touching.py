"""A migration operation by which live segments hear of what conditions read."""

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
