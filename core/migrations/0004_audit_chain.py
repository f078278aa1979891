"""Chain the audit trail in the order of commits, and let nobody rewrite it.

An entry is inserted whenever its change happens, but linked only when its transaction commits: a
deferred constraint trigger then locks the brand's head, so that links follow commits without gaps
and the lock lasts for the commit alone. The function runs as the tables' owner, because the
application may write neither links nor heads. FORCE row-level security binds the owner too, so it
opens the entry's brand itself.
"""

from django.db import migrations

from core.kernel.rls import revoke_from_app

# The first hash of every chain. Changing the text of an entry would make old links unverifiable:
# a new column needs a new version number and a branch.
FUNCTIONS = """
CREATE FUNCTION core_audit_text(entry core_auditentry, seq bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(
        'v1', seq, entry.brand_id, entry.id, entry.actor_id, entry.actor_label, entry.action,
        entry.subject_type, entry.subject_id, entry.dealer_id, entry.data,
        (extract(epoch FROM entry.created_at) * 1000000)::bigint
    )::text
$$;

CREATE FUNCTION core_audit_hash(prev_hash bytea, entry core_auditentry, seq bigint) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(prev_hash || convert_to(core_audit_text(entry, seq), 'UTF8'))
$$;

CREATE FUNCTION core_audit_link_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    outer_brand text := coalesce(current_setting('app.brand_id', true), '');
    head core_auditchain%ROWTYPE;
    new_hash bytea;
BEGIN
    PERFORM set_config('app.brand_id', NEW.brand_id::text, true);
    INSERT INTO core_auditchain (brand_id, seq, hash)
        VALUES (NEW.brand_id, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT head FROM core_auditchain WHERE brand_id = NEW.brand_id FOR UPDATE;
    new_hash := core_audit_hash(head.hash, NEW, head.seq + 1);
    INSERT INTO core_auditlink (brand_id, seq, entry_id, prev_hash, hash)
        VALUES (NEW.brand_id, head.seq + 1, NEW.id, head.hash, new_hash);
    UPDATE core_auditchain SET seq = head.seq + 1, hash = new_hash WHERE id = head.id;
    PERFORM set_config('app.brand_id', outer_brand, true);
    RETURN NULL;
END
$$;

CREATE FUNCTION core_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % on % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Links and heads are written from within core_audit_link_entry, which is one trigger deep already.
CREATE FUNCTION core_audit_only_from_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'the audit chain is written by its trigger: % on % refused',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""

TRIGGERS = """
CREATE CONSTRAINT TRIGGER core_audit_link AFTER INSERT ON core_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION core_audit_link_entry();
CREATE TRIGGER core_audit_append_only BEFORE UPDATE OR DELETE ON core_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION core_audit_refuse();
CREATE TRIGGER core_audit_append_only BEFORE UPDATE OR DELETE ON core_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION core_audit_refuse();
CREATE TRIGGER core_audit_append_only BEFORE DELETE ON core_auditchain
    FOR EACH STATEMENT EXECUTE FUNCTION core_audit_refuse();
CREATE TRIGGER core_audit_from_trigger BEFORE INSERT ON core_auditlink
    FOR EACH ROW EXECUTE FUNCTION core_audit_only_from_trigger();
CREATE TRIGGER core_audit_from_trigger BEFORE INSERT OR UPDATE ON core_auditchain
    FOR EACH ROW EXECUTE FUNCTION core_audit_only_from_trigger();
"""

UNDO = """
DROP TRIGGER core_audit_link ON core_auditentry;
DROP TRIGGER core_audit_append_only ON core_auditentry;
DROP TRIGGER core_audit_append_only ON core_auditlink;
DROP TRIGGER core_audit_append_only ON core_auditchain;
DROP TRIGGER core_audit_from_trigger ON core_auditlink;
DROP TRIGGER core_audit_from_trigger ON core_auditchain;
DROP FUNCTION core_audit_only_from_trigger(), core_audit_refuse(), core_audit_link_entry();
DROP FUNCTION core_audit_hash(bytea, core_auditentry, bigint);
DROP FUNCTION core_audit_text(core_auditentry, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_tenancy")]
    operations = [
        revoke_from_app("core_auditentry", "UPDATE", "DELETE"),
        revoke_from_app("core_auditlink", "INSERT", "UPDATE", "DELETE"),
        revoke_from_app("core_auditchain", "INSERT", "UPDATE", "DELETE"),
        revoke_from_app("core_auditcheck", "UPDATE", "DELETE"),
        migrations.RunSQL(FUNCTIONS + TRIGGERS, UNDO),
    ]
