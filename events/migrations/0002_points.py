"""Points: two ledgers that only grow, and balances that follow them by triggers."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from core.kernel.rls import enable_rls, tie_to_brand
from members.live.touching import touch_members

# What may happen to an entry after it was written: a pending one is decided once, its end is
# looked at once, and it follows its member into a merge and back. Whoever it happened to at first
# stays known, so nothing moves from one member to another in any other way.
KEEP = """
CREATE FUNCTION events_points_keep() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION events_points_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM gone WHERE NOT EXISTS (
            SELECT FROM members_erasure AS erasure
            WHERE erasure.brand_id = gone.brand_id AND erasure.member_id = gone.member_id
                AND erasure.state = 'running'
        )
    ) THEN
        RAISE EXCEPTION 'the ledger of points is append-only: DELETE refused'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

-- Sums are written by the entries' triggers; from outside a row may only be opened at nothing and
-- put away at nothing.
CREATE FUNCTION events_points_only_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held events_pointsbalance;
BEGIN
    IF TG_OP = 'DELETE' THEN held := OLD; ELSE held := NEW; END IF;
    IF pg_trigger_depth() < 2 AND (TG_OP = 'UPDATE' OR (held.balance, held.pending, held.earned,
        held.spent, held.expired) <> (0, 0, 0, 0, 0))
    THEN
        RAISE EXCEPTION 'balances of points are kept by their entries: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN held;
END $$;

CREATE TRIGGER events_points_keep BEFORE UPDATE ON events_pointsentry
    FOR EACH ROW EXECUTE FUNCTION events_points_keep();
CREATE TRIGGER events_points_stay AFTER DELETE ON events_pointsentry
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION events_points_stay();
CREATE TRIGGER events_points_only_follow BEFORE INSERT OR UPDATE OR DELETE ON events_pointsbalance
    FOR EACH ROW EXECUTE FUNCTION events_points_only_follow();
"""
UNKEEP = """
DROP TRIGGER events_points_only_follow ON events_pointsbalance;
DROP TRIGGER events_points_stay ON events_pointsentry;
DROP TRIGGER events_points_keep ON events_pointsentry;
DROP FUNCTION events_points_only_follow(), events_points_stay(), events_points_keep();
"""
SOURCES = {
    "INSERT": ("NEW TABLE AS come", "SELECT 1 AS sign, * FROM come"),
    "DELETE": ("OLD TABLE AS gone", "SELECT -1 AS sign, * FROM gone"),
    "UPDATE": (
        "OLD TABLE AS gone NEW TABLE AS come",
        "SELECT -1 AS sign, * FROM gone UNION ALL SELECT 1 AS sign, * FROM come",
    ),
}


def sums(event, tables, rows):
    """The trigger by which balances follow the entries of one statement."""
    name = f"events_points_sum_{event.lower()}"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO events_pointsbalance (brand_id, member_id, ledger)
            SELECT DISTINCT brand_id, member_id, ledger FROM ({rows}) AS moved WHERE sign = 1
            ORDER BY brand_id, member_id, ledger ON CONFLICT DO NOTHING;
            UPDATE events_pointsbalance AS held
            SET balance = held.balance + delta.balance, pending = held.pending + delta.pending,
                earned = held.earned + delta.earned, spent = held.spent + delta.spent,
                expired = held.expired + delta.expired
            FROM (
                SELECT brand_id, member_id, ledger,
                    coalesce(sum(sign * amount) FILTER (WHERE state = 'confirmed'), 0) AS balance,
                    coalesce(sum(sign * amount) FILTER (WHERE state = 'pending'), 0) AS pending,
                    coalesce(sum(sign * amount)
                        FILTER (WHERE state = 'confirmed' AND side = 'earned'), 0) AS earned,
                    -coalesce(sum(sign * amount)
                        FILTER (WHERE state = 'confirmed' AND side = 'spent'), 0) AS spent,
                    -coalesce(sum(sign * amount) FILTER (WHERE kind = 'expire'), 0) AS expired
                FROM ({rows}) AS moved GROUP BY brand_id, member_id, ledger
            ) AS delta
            WHERE held.brand_id = delta.brand_id AND held.member_id = delta.member_id
                AND held.ledger = delta.ledger
                AND (delta.balance, delta.pending, delta.earned, delta.spent, delta.expired)
                    <> (0, 0, 0, 0, 0);
            RETURN NULL;
        END $$;
        CREATE TRIGGER {name} AFTER {event} ON events_pointsentry REFERENCING {tables}
            FOR EACH STATEMENT EXECUTE FUNCTION {name}();
        """,
        f"DROP TRIGGER {name} ON events_pointsentry; DROP FUNCTION {name}();",
    )


LEDGERS = [("contribution", "Contribution"), ("points", "Points")]
KINDS = [
    ("earn", "Earned"),
    ("spend", "Spent"),
    ("reverse", "Reversed"),
    ("expire", "Expired"),
    ("adjust", "Adjusted"),
]
STATES = [("pending", "Pending"), ("confirmed", "Confirmed"), ("cancelled", "Cancelled")]
SIDES = [("earned", "Earned"), ("spent", "Spent"), ("other", "Other")]
DETAIL = {
    "db_constraint": False,
    "db_index": False,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
}


class Migration(migrations.Migration):
    dependencies = [("events", "0001_calendar"), ("members", "0011_erasure")]
    operations = [
        migrations.CreateModel(
            name="PointsEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "ledger",
                    models.CharField(choices=LEDGERS, max_length=12, verbose_name="ledger"),
                ),
                ("kind", models.CharField(choices=KINDS, max_length=7, verbose_name="kind")),
                ("side", models.CharField(choices=SIDES, max_length=6)),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("state", models.CharField(choices=STATES, max_length=9, verbose_name="state")),
                ("settled_at", models.DateTimeField(null=True)),
                ("source", models.CharField(max_length=40, verbose_name="source")),
                ("source_id", models.CharField(max_length=100, verbose_name="number there")),
                (
                    "reason",
                    models.CharField(blank=True, max_length=200, verbose_name="reason"),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="occurred")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="expires")),
                ("lapsed_at", models.DateTimeField(null=True)),
                ("reverses_id", models.BigIntegerField(null=True)),
                ("of_merged", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by_label", models.CharField(max_length=120, verbose_name="by")),
                ("brand", models.ForeignKey(to="core.brand", **DETAIL)),
                ("member", models.ForeignKey(to="members.member", **DETAIL)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["brand", "member", "-occurred_at", "-id"],
                        name="events_points_of_member",
                    ),
                    models.Index(fields=["brand", "-id"], name="events_points_newest"),
                    models.Index(fields=["brand", "kind", "-id"], name="events_points_of_kind"),
                    models.Index(
                        fields=["brand", "-id"],
                        condition=Q(state="pending"),
                        name="events_points_waiting",
                    ),
                    models.Index(
                        fields=["brand", "ledger", "side", "occurred_at", "member"],
                        include=["amount"],
                        condition=Q(state="confirmed"),
                        name="events_points_in_window",
                    ),
                    models.Index(
                        fields=["brand", "expires_at", "id"],
                        condition=Q(expires_at__isnull=False, lapsed_at=None, state="confirmed"),
                        name="events_points_expiring",
                    ),
                    models.Index(
                        fields=["brand", "reverses_id"],
                        condition=Q(reverses_id__isnull=False),
                        name="events_points_reversals",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["brand", "source", "source_id"],
                        name="events_points_one_per_source",
                    ),
                    models.CheckConstraint(
                        condition=~Q(amount=0)
                        & Q(amount__gte=-1_000_000_000, amount__lte=1_000_000_000),
                        name="events_points_amount_in_range",
                    ),
                    models.CheckConstraint(
                        condition=Q(kind__in=["reverse", "adjust"])
                        | Q(kind="earn", amount__gt=0)
                        | Q(kind__in=["spend", "expire"], amount__lt=0),
                        name="events_points_sign_of_kind",
                    ),
                    models.CheckConstraint(
                        condition=Q(ledger="points")
                        | (~Q(kind__in=["spend", "expire"]) & Q(expires_at=None)),
                        name="events_points_contribution_is_kept",
                    ),
                    models.CheckConstraint(
                        condition=Q(kind="earn", side="earned")
                        | Q(kind="spend", side="spent")
                        | Q(kind__in=["adjust", "expire"], side="other")
                        | Q(kind="reverse"),
                        name="events_points_side_of_kind",
                    ),
                    models.CheckConstraint(
                        condition=Q(state="pending", kind="earn", settled_at=None)
                        | (~Q(state="pending") & Q(settled_at__isnull=False)),
                        name="events_points_settled_iff_decided",
                    ),
                    models.CheckConstraint(
                        condition=Q(kind__in=["reverse", "expire"], reverses_id__isnull=False)
                        | (~Q(kind__in=["reverse", "expire"]) & Q(reverses_id=None)),
                        name="events_points_names_what_it_reverses",
                    ),
                    models.CheckConstraint(
                        condition=Q(expires_at=None)
                        | Q(
                            kind__in=["earn", "adjust"],
                            amount__gt=0,
                            expires_at__gt=F("occurred_at"),
                        ),
                        name="events_points_only_gains_expire",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PointsBalance",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "ledger",
                    models.CharField(choices=LEDGERS, max_length=12, verbose_name="ledger"),
                ),
                (
                    "balance",
                    models.BigIntegerField(db_default=0, default=0, verbose_name="balance"),
                ),
                ("pending", models.BigIntegerField(db_default=0, default=0)),
                ("earned", models.BigIntegerField(db_default=0, default=0)),
                ("spent", models.BigIntegerField(db_default=0, default=0)),
                ("expired", models.BigIntegerField(db_default=0, default=0)),
                ("brand", models.ForeignKey(to="core.brand", **DETAIL)),
                ("member", models.ForeignKey(to="members.member", **DETAIL)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["brand", "ledger", "balance", "member"],
                        name="events_points_by_balance",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["brand", "member", "ledger"],
                        name="events_pointsbalance_one_per_ledger",
                    ),
                    models.CheckConstraint(
                        condition=Q(balance__gte=0), name="events_pointsbalance_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=Q(ledger="points") | Q(spent=0, expired=0),
                        name="events_pointsbalance_contribution_is_kept",
                    ),
                ],
            },
        ),
        enable_rls("events_pointsentry", "events_pointsbalance"),
        tie_to_brand("events_pointsentry", "member_id", "members_member"),
        tie_to_brand("events_pointsbalance", "member_id", "members_member"),
        migrations.RunSQL(KEEP, UNKEEP),
        *(sums(event, *source) for event, source in SOURCES.items()),
        touch_members("events_pointsbalance", moves=False),
    ]
