"""Cars over time, members that became one, and pairs that may be one.

``btree_gist`` lets one exclusion constraint compare brand and car for equality and the days for
overlap. The launcher and the containers install it when they make the database; where neither did,
the owner of a database may install it, since it is a trusted extension.
"""

import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand

TABLES = [
    "members_mileagereading",
    "members_servicevisit",
    "members_membermerge",
    "members_mergedmember",
    "members_duplicatepair",
]
TIES = [
    ("members_mileagereading", "vehicle_id", "members_vehicle"),
    ("members_servicevisit", "vehicle_id", "members_vehicle"),
    ("members_servicevisit", "dealer_id", "core_dealer"),
    ("members_membermerge", "winner_id", "members_member"),
    ("members_mergedmember", "winner_id", "members_member"),
    ("members_mergedmember", "merge_id", "members_membermerge"),
    ("members_duplicatepair", "first_id", "members_member"),
    ("members_duplicatepair", "second_id", "members_member"),
]
NO_OVERLAP = """
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    ALTER TABLE members_ownership ADD CONSTRAINT members_ownership_no_overlap
        EXCLUDE USING gist (
            brand_id WITH =, vehicle_id WITH =, daterange(delivered_on, ended_on) WITH &&
        );
"""
OVERLAP = "ALTER TABLE members_ownership DROP CONSTRAINT members_ownership_no_overlap"


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_lists_by_name'),
        ('members', '0006_tag_history'),
    ]

    operations = [
        migrations.AddField(
            model_name='stagechange',
            name='of_merged',
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name='DuplicatePair',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('score', models.PositiveSmallIntegerField(verbose_name='score')),
                ('reasons', models.JSONField(verbose_name='why')),
                ('state', models.CharField(choices=[('open', 'To be judged'), ('dismissed', 'Two people')], default='open', max_length=9)),
                ('found_at', models.DateTimeField()),
                ('dismissed_at', models.DateTimeField(null=True)),
                ('dismissed_by_label', models.CharField(blank=True, max_length=80)),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('first', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')),
                ('second', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'open')), fields=['brand', '-score', '-id'], name='members_duplicate_to_judge'), models.Index(fields=['brand', 'second'], name='members_duplicate_by_second')],
                'constraints': [models.UniqueConstraint(fields=('brand', 'first', 'second'), name='members_duplicate_one_per_pair'), models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='members_duplicate_older_first')],
            },
        ),
        migrations.CreateModel(
            name='MemberMerge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('loser_id', models.BigIntegerField()),
                ('loser_name', models.CharField(max_length=80, verbose_name='name')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('loser', models.JSONField()),
                ('before', models.JSONField()),
                ('after', models.JSONField()),
                ('moved', models.JSONField()),
                ('told', models.JSONField(default=dict)),
                ('merged_at', models.DateTimeField()),
                ('merged_by_id', models.BigIntegerField(null=True)),
                ('merged_by_label', models.CharField(max_length=80)),
                ('undone_at', models.DateTimeField(null=True)),
                ('undone_by_label', models.CharField(blank=True, max_length=80)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('winner', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='members.member')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'winner', '-id'], name='members_merge_of_winner'), models.Index(fields=['brand', 'loser_id'], name='members_merge_of_loser')],
            },
        ),
        migrations.CreateModel(
            name='MergedMember',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('merge_id', models.BigIntegerField()),
                ('phone_hash', models.BinaryField(max_length=16, null=True)),
                ('customer_no', models.CharField(max_length=64, null=True)),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('winner', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='members.member')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'winner'], name='members_merged_into'), models.Index(condition=models.Q(('phone_hash__isnull', False)), fields=['brand', 'phone_hash'], name='members_merged_by_phone'), models.Index(condition=models.Q(('customer_no__isnull', False)), fields=['brand', 'customer_no'], name='members_merged_by_number')],
            },
        ),
        migrations.CreateModel(
            name='MileageReading',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('read_on', models.DateField(verbose_name='read on')),
                ('km', models.PositiveIntegerField(verbose_name='kilometers')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='why it is lower')),
                ('author_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('vehicle', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='members.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'vehicle', '-read_on', '-id'], name='members_reading_of_vehicle')],
            },
        ),
        migrations.CreateModel(
            name='ServiceVisit',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('visited_on', models.DateField(verbose_name='visited on')),
                ('kind', models.CharField(choices=[('maintenance', 'Maintenance'), ('repair', 'Repair'), ('warranty', 'Warranty repair'), ('accident', 'Accident repair'), ('inspection', 'Inspection')], max_length=11, verbose_name='kind')),
                ('mileage_km', models.PositiveIntegerField(null=True)),
                ('amount_fen', models.BigIntegerField(default=0, verbose_name='amount')),
                ('author_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('dealer', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.dealer')),
                ('vehicle', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='members.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'vehicle', '-visited_on', '-id'], name='members_visit_of_vehicle')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_fen__gte', 0)), name='members_visit_amount_not_negative')],
            },
        ),
        enable_rls(*TABLES),
        *(tie_to_brand(*tie) for tie in TIES),
        migrations.RunSQL(NO_OVERLAP, OVERLAP),
    ]
