"""A deletion may take somebody out of the reasons of other people's entries."""

from django.db import migrations

# As before, but that texts of a reason may become "…" while a deletion of the brand looks for
# texts: what is left has to stand in the old reason, in its order.
FORGET = r"""
CREATE OR REPLACE FUNCTION events_points_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    marks text[] := ARRAY['state', 'settled_at', 'lapsed_at', 'member_id', 'of_merged', 'reason'];
BEGIN
    IF to_jsonb(NEW) - marks IS DISTINCT FROM to_jsonb(OLD) - marks
        OR (NEW.reason <> OLD.reason AND NOT (
            strpos(NEW.reason, '…') > 0
            AND OLD.reason LIKE
                replace(regexp_replace(NEW.reason, '([\\%_])', '\\\1', 'g'), '…', '%')
            AND EXISTS (
                SELECT FROM members_erasure AS erasure
                WHERE erasure.brand_id = NEW.brand_id AND erasure.state = 'running'
                    AND erasure.rows_gone_at IS NOT NULL
            )
        ))
        OR coalesce(NEW.of_merged, NEW.member_id) <> coalesce(OLD.of_merged, OLD.member_id)
        OR (OLD.state <> 'pending' AND NEW.state <> OLD.state)
        OR (OLD.settled_at IS NOT NULL AND NEW.settled_at IS DISTINCT FROM OLD.settled_at)
        OR (OLD.lapsed_at IS NOT NULL AND NEW.lapsed_at IS DISTINCT FROM OLD.lapsed_at)
    THEN
        RAISE EXCEPTION 'the ledger of points is append-only: UPDATE of entry % refused', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""
STAY = """
CREATE OR REPLACE FUNCTION events_points_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    marks text[] := ARRAY['state', 'settled_at', 'lapsed_at', 'member_id', 'of_merged'];
BEGIN
    IF to_jsonb(NEW) - marks IS DISTINCT FROM to_jsonb(OLD) - marks
        OR coalesce(NEW.of_merged, NEW.member_id) <> coalesce(OLD.of_merged, OLD.member_id)
        OR (OLD.state <> 'pending' AND NEW.state <> OLD.state)
        OR (OLD.settled_at IS NOT NULL AND NEW.settled_at IS DISTINCT FROM OLD.settled_at)
        OR (OLD.lapsed_at IS NOT NULL AND NEW.lapsed_at IS DISTINCT FROM OLD.lapsed_at)
    THEN
        RAISE EXCEPTION 'the ledger of points is append-only: UPDATE of entry % refused', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_points"),
        ("members", "0011_erasure"),
    ]
    operations = [migrations.RunSQL(FORGET, STAY)]
