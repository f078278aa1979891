"""Let the application ask for new planner statistics of tables that it has just filled.

ANALYZE needs the owner's rights or MAINTAIN, which would allow locking and rewriting tables too.
This function runs as the owner, looks at the tables it is given, and samples only the stale ones.
"""

from django.conf import settings
from django.db import migrations

# 64 pages: below half a megabyte a full scan is never a mistake worth a sample. Sizes are exact at
# once, the counts of changed rows follow within a second or so.
FUNCTION = """
CREATE FUNCTION core_refresh_statistics(tables text[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET stats_fetch_consistency = 'none' AS $$
DECLARE
    stale text[];
    name text;
BEGIN
    SELECT coalesce(array_agg(class.relname ORDER BY class.relname), '{}') INTO stale
    FROM pg_class AS class
    LEFT JOIN pg_stat_user_tables AS told ON told.relid = class.oid
    CROSS JOIN LATERAL (
        SELECT pg_relation_size(class.oid) / current_setting('block_size')::int AS pages
    ) AS size
    WHERE class.relnamespace = 'public'::regnamespace AND class.relkind = 'r'
        AND class.relname = ANY (tables) AND size.pages >= 64
        AND (class.reltuples < 0
            OR size.pages > 2 * class.relpages
            OR coalesce(told.last_analyze, told.last_autoanalyze) IS NULL
            OR told.n_mod_since_analyze > class.reltuples / 2);
    FOREACH name IN ARRAY stale LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) public.%I', name);
    END LOOP;
    RETURN stale;
END
$$;
REVOKE ALL ON FUNCTION core_refresh_statistics(text[]) FROM PUBLIC;
"""


def create(apps, schema_editor):
    schema_editor.execute(FUNCTION, params=None)
    app = schema_editor.quote_name(settings.DATABASES["default"]["USER"])
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION core_refresh_statistics(text[]) TO {app}")


class Migration(migrations.Migration):
    dependencies = [("core", "0004_audit_chain")]
    operations = [
        migrations.RunPython(
            create,
            lambda apps, schema_editor: schema_editor.execute(
                "DROP FUNCTION core_refresh_statistics(text[])"
            ),
        )
    ]
