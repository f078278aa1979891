"""Let the application ask for new planner statistics of tables that it has just filled.

ANALYZE needs the owner's rights or MAINTAIN, which would allow locking and rewriting tables too.
This function runs as the owner, looks at the tables it is given, and samples only those that grew
or changed a lot, or of which the planner has not heard of one brand's rows: a new brand's first
thousands change little in a table of millions, but to the planner a brand that its sample did not
meet has no rows. Every index that begins with the brand then looks as good as the one that fits,
and twenty thousand look-ups go through all of the brand's rows each.
"""

from django.conf import settings
from django.db import migrations

# What the planner believes is asked of the planner: pg_stats hides tables with row security. The
# policy adds a condition of its own on the brand, hence the share of two estimates.
FUNCTION = """
CREATE FUNCTION core_refresh_statistics(tables text[], brand bigint) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET stats_fetch_consistency = 'none' AS $$
DECLARE
    found record;
    name text;
    rows bigint;
    few bigint;
    believed float;
    everything float;
    plan json;
    before text := coalesce(current_setting('app.brand_id', true), '');
    stale text[] := '{}';
BEGIN
    PERFORM set_config('app.brand_id', brand::text, true);
    FOR found IN
        SELECT class.relname, class.reltuples, class.reltuples < 0
            OR size.pages > 2 * class.relpages
            OR coalesce(told.last_analyze, told.last_autoanalyze) IS NULL
            OR told.n_mod_since_analyze > class.reltuples / 2 AS is_stale,
            EXISTS (
                SELECT FROM pg_attribute
                WHERE attrelid = class.oid AND attname = 'brand_id' AND NOT attisdropped
            ) AS is_of_brands
        FROM pg_class AS class
        LEFT JOIN pg_stat_user_tables AS told ON told.relid = class.oid
        CROSS JOIN LATERAL (
            SELECT pg_relation_size(class.oid) / current_setting('block_size')::int AS pages
        ) AS size
        WHERE class.relnamespace = 'public'::regnamespace AND class.relkind = 'r'
            AND class.relname = ANY (tables) AND size.pages >= 64
        ORDER BY class.relname
    LOOP
        IF NOT found.is_stale AND found.is_of_brands THEN
            -- Fewer than two in a thousand a new sample may miss again.
            few := greatest(2000, found.reltuples / 500);
            EXECUTE format('SELECT count(*) FROM (SELECT FROM public.%I WHERE brand_id = $1'
                ' LIMIT $2) AS few', found.relname) INTO rows USING brand, few;
            IF rows = few THEN
                EXECUTE format('EXPLAIN (FORMAT json) SELECT FROM public.%I WHERE brand_id = %L',
                    found.relname, brand) INTO plan;
                believed := plan->0->'Plan'->>'Plan Rows';
                EXECUTE format('EXPLAIN (FORMAT json) SELECT FROM public.%I', found.relname)
                    INTO plan;
                everything := plan->0->'Plan'->>'Plan Rows';
                found.is_stale := believed / everything * found.reltuples < 200;
            END IF;
        END IF;
        IF found.is_stale THEN
            stale := stale || found.relname::text;
        END IF;
    END LOOP;
    PERFORM set_config('app.brand_id', before, true);
    FOREACH name IN ARRAY stale LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) public.%I', name);
    END LOOP;
    RETURN stale;
END
$$;
REVOKE ALL ON FUNCTION core_refresh_statistics(text[], bigint) FROM PUBLIC;
"""


def create(apps, schema_editor):
    schema_editor.execute(FUNCTION, params=None)
    app = schema_editor.quote_name(settings.DATABASES["default"]["USER"])
    function = "core_refresh_statistics(text[], bigint)"
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {app}")


class Migration(migrations.Migration):
    dependencies = [("core", "0004_audit_chain")]
    operations = [
        migrations.RunPython(
            create,
            lambda apps, schema_editor: schema_editor.execute(
                "DROP FUNCTION core_refresh_statistics(text[], bigint)"
            ),
        )
    ]
