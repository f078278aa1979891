"""A migration operation by which PostgreSQL itself keeps how many rows stand below another."""

from __future__ import annotations

from django.db.migrations import RunSQL


def keep_count(
    *, child: str, key: str, weight: str, counts: str, parent: str, column: str, app: str
) -> list[RunSQL]:
    """Keep ``parent.column`` the sum of ``weight`` over its rows of ``child`` that count.

    ``key`` is the column of ``child`` that names the parent; ``counts`` is a condition on a row.
    Once a statement whatever its size, and in the order of the parents' ids, so that two
    statements over the same parents cannot deadlock. A check constraint on the parent then
    refuses the whole statement that would overfill it. Functions are ``{app}_count_*``.
    """
    # Names of ours are put in, no values.
    came = f"SELECT brand_id, {key}, {weight} AS delta FROM arrived WHERE {counts}"  # noqa: S608
    went = f"SELECT brand_id, {key}, -({weight}) AS delta FROM departed WHERE {counts}"  # noqa: S608
    old, new = "OLD TABLE AS departed", "NEW TABLE AS arrived"
    triggers = {
        "arrivals": ("INSERT", new, came),
        "departures": ("DELETE", old, went),
        "moves": ("UPDATE", f"{old} {new}", f"{came} UNION ALL {went}"),
    }
    return [
        RunSQL(
            f"""
            CREATE FUNCTION {app}_count_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                WITH change AS (
                    SELECT brand_id, {key}, sum(delta) AS delta FROM ({rows}) AS row
                    GROUP BY brand_id, {key} HAVING sum(delta) <> 0
                ), locked AS MATERIALIZED (
                    SELECT parent.id, parent.brand_id, change.delta
                    FROM {parent} AS parent
                    JOIN change ON change.brand_id = parent.brand_id AND change.{key} = parent.id
                    ORDER BY parent.id FOR NO KEY UPDATE OF parent
                )
                UPDATE {parent} AS parent SET {column} = parent.{column} + locked.delta
                FROM locked WHERE parent.brand_id = locked.brand_id AND parent.id = locked.id;
                RETURN NULL;
            END $$;
            CREATE TRIGGER {child}_{name} AFTER {event} ON {child}
                REFERENCING {tables}
                FOR EACH STATEMENT EXECUTE FUNCTION {app}_count_{name}();
            """,  # noqa: S608
            f"DROP TRIGGER {child}_{name} ON {child}; DROP FUNCTION {app}_count_{name}();",
        )
        for name, (event, tables, rows) in triggers.items()
    ]
