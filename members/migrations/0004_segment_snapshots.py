"""Snapshots of segments: a row each, and their members in batches of ids."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand

TIES = [
    ("members_snapshot", "segment_id", "members_segment"),
    ("members_snapshot", "run_id", "core_run"),
    ("members_snapshotbatch", "snapshot_id", "members_snapshot"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_lists_by_name'),
        ('members', '0003_consent_invitable'),
    ]

    operations = [
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
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(fields=('brand', 'segment', 'number'), name='members_snapshot_one_per_number'),
        ),
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_at', None)), fields=('brand', 'segment'), name='members_snapshot_one_being_taken'),
        ),
        enable_rls("members_snapshot", "members_snapshotbatch"),
        *(tie_to_brand(*tie) for tie in TIES),
    ]
