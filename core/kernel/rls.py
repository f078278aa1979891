"""Migration operations that make PostgreSQL itself keep brands apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.migrations import RunPython, RunSQL

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def enable_rls(*tables: str) -> RunSQL:
    """Show and accept only rows of the brand opened by ``tenant``; without one, none.

    FORCE binds the tables' owner too, so a data migration must also work brand by brand. The
    sub-select is evaluated once per query instead of once per row.
    """
    forward = [
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY brand ON {table} USING (
            brand_id = (SELECT NULLIF(current_setting('app.brand_id', true), '')::bigint)
        );
        """
        for table in tables
    ]
    backward = [
        f"""
        DROP POLICY brand ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
        """
        for table in tables
    ]
    return RunSQL("".join(forward), "".join(backward))


def tie_to_brand(table: str, column: str, parent: str) -> RunSQL:
    """Refuse a child whose brand is not its parent's; this is also the only foreign key.

    Policies cannot refuse it: PostgreSQL checks foreign keys with row-level security switched
    off. The model's field says ``db_constraint=False``, so that each reference is checked once.
    ``MATCH SIMPLE`` lets a nullable column stay empty.
    """
    name = f"{table}_{column}_tie"
    return RunSQL(
        f"""
        CREATE UNIQUE INDEX IF NOT EXISTS {parent}_brand_id_key ON {parent} (brand_id, id);
        ALTER TABLE {table} ADD CONSTRAINT {name}
            FOREIGN KEY (brand_id, {column}) REFERENCES {parent} (brand_id, id);
        """,
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def revoke_from_app(table: str, *acts: str) -> RunPython:
    """Take acts such as UPDATE and DELETE on ``table`` away from the application role."""

    def change(verb: str, preposition: str) -> Any:
        def run(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
            role = schema_editor.quote_name(settings.DATABASES["default"]["USER"])
            schema_editor.execute(f"{verb} {', '.join(acts)} ON {table} {preposition} {role}")

        return run

    return RunPython(change("REVOKE", "FROM"), change("GRANT", "TO"))
