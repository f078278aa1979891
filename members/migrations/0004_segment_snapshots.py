"""Snapshots of segments in batches of ids; live segments, and marks of whoever was touched."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand
from members.live.touching import touch_members

TABLES = [
    "members_snapshot",
    "members_snapshotbatch",
    "members_livesegment",
    "members_livemember",
    "members_touchedmember",
]
TIES = [
    ("members_snapshot", "segment_id", "members_segment"),
    ("members_snapshot", "run_id", "core_run"),
    ("members_livesegment", "segment_id", "members_segment"),
    ("members_snapshotbatch", "snapshot_id", "members_snapshot"),
]
# Tables that conditions read, and their column that names the member.
TOUCHING = {
    "members_member": "id",
    "members_membertag": "member_id",
    "members_order": "member_id",
    "members_ownership": "member_id",
    "members_consent": "member_id",
}
TOUCH = """
    CREATE FUNCTION members_touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM members_livesegment) THEN
            EXECUTE format(
                'INSERT INTO members_touchedmember (brand_id, member_id, at)
                SELECT DISTINCT changed.brand_id, changed.%1$I, now() FROM changed
                WHERE changed.brand_id IN (SELECT live.brand_id FROM members_livesegment AS live)',
                TG_ARGV[0]);
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION members_touch_owners() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM members_livesegment) THEN
            INSERT INTO members_touchedmember (brand_id, member_id, at)
            SELECT DISTINCT owned.brand_id, owned.member_id, now() FROM changed
            JOIN members_ownership AS owned
                ON owned.brand_id = changed.brand_id AND owned.vehicle_id = changed.id
            WHERE changed.brand_id IN (SELECT live.brand_id FROM members_livesegment AS live);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER members_touch_became AFTER UPDATE ON members_vehicle
        REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION members_touch_owners();
"""
UNTOUCH = """
    DROP TRIGGER members_touch_became ON members_vehicle;
    DROP FUNCTION members_touch_owners();
    DROP FUNCTION members_touch();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_lists_by_name'),
        ('members', '0003_consent_invitable'),
    ]

    operations = [
        migrations.CreateModel(
            name='LiveMember',
            fields=[
                ('pk', models.CompositePrimaryKey('brand_id', 'segment_id', 'member_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('segment_id', models.BigIntegerField()),
                ('member_id', models.BigIntegerField()),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='LiveSegment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('member_count', models.BigIntegerField(default=0)),
                ('since', models.BigIntegerField()),
                ('is_settled', models.BooleanField(default=False)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('refreshed_at', models.DateTimeField(null=True)),
                ('recomputed_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('segment', models.OneToOneField(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.segment')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('tree', models.JSONField()),
                ('member_count', models.BigIntegerField(null=True)),
                ('previous_id', models.BigIntegerField(null=True)),
                ('plus_count', models.BigIntegerField(null=True)),
                ('minus_count', models.BigIntegerField(null=True)),
                ('taken_at', models.DateTimeField(null=True)),
                ('created_by_id', models.BigIntegerField(null=True)),
                ('created_by_label', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField()),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('run', models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.run')),
                ('segment', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.segment')),
            ],
        ),
        migrations.CreateModel(
            name='SnapshotBatch',
            fields=[
                ('pk', models.CompositePrimaryKey('brand_id', 'snapshot_id', 'bucket', blank=True, editable=False, primary_key=True, serialize=False)),
                ('bucket', models.BigIntegerField()),
                ('people', models.IntegerField()),
                ('member_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('snapshot', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='members.snapshot')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TouchedMember',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('member_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
            ],
        ),
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(fields=('brand', 'segment', 'number'), name='members_snapshot_one_per_number'),
        ),
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_at', None)), fields=('brand', 'segment'), name='members_snapshot_one_being_taken'),
        ),
        migrations.AddIndex(
            model_name='touchedmember',
            index=models.Index(fields=['brand', 'id'], name='members_touched_in_order'),
        ),
        enable_rls(*TABLES),
        *(tie_to_brand(*tie) for tie in TIES),
        migrations.RunSQL(TOUCH, UNTOUCH),
        *(touch_members(table, column, moves=column != "id") for table, column in TOUCHING.items()),
    ]
