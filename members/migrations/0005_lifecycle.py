"""Stages: versions of the rules, and every change with its reason."""

import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand

STAGES = [
    ('prospect', 'Prospect'),
    ('introduction', 'Introduction'),
    ('growth', 'Growth'),
    ('mature', 'Mature'),
    ('dormant', 'Dormant'),
    ('lost', 'Lost'),
]
REASONS = [
    ('delivered', 'Took delivery'),
    ('grown', 'Introduction over'),
    ('matured', 'Matured'),
    ('dormant', 'Silent'),
    ('lost', 'Silent for long'),
    ('back', 'Active again'),
    ('manual', 'By hand'),
    ('import', 'File'),
]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0005_statistics'),
        ('members', '0004_segment_snapshots'),
    ]

    operations = [
        migrations.CreateModel(
            name='StagePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('policy_version', models.PositiveIntegerField()),
                ('introduction_days', models.PositiveIntegerField(verbose_name='days of introduction')),
                ('mature_days', models.PositiveIntegerField(verbose_name='days until mature')),
                ('mature_orders', models.PositiveIntegerField(verbose_name='orders until mature')),
                ('dormant_days', models.PositiveIntegerField(verbose_name='silent days until dormant')),
                ('lost_days', models.PositiveIntegerField(verbose_name='silent days until lost')),
                ('created_by_label', models.CharField(max_length=80)),
                ('created_at', models.DateTimeField()),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
            ],
            options={
                'verbose_name_plural': 'stage policies',
                'constraints': [
                    models.UniqueConstraint(fields=('brand', 'policy_version'), name='members_stagepolicy_one_per_version'),
                    models.CheckConstraint(condition=models.Q(('lost_days__gt', models.F('dormant_days'))), name='members_stagepolicy_lost_after_dormant'),
                    models.CheckConstraint(condition=models.Q(('mature_days__gt', models.F('introduction_days'))), name='members_stagepolicy_mature_after_introduction'),
                ],
            },
        ),
        migrations.AddField(
            model_name='member',
            name='is_stage_told',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='StageChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('from_stage', models.CharField(choices=STAGES, max_length=12)),
                ('to_stage', models.CharField(choices=STAGES, max_length=12)),
                ('reason', models.CharField(choices=REASONS, max_length=9)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('policy_version', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('author_id', models.BigIntegerField(null=True)),
                ('author_label', models.CharField(blank=True, max_length=80)),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('member', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='stage_changes', to='members.member')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['brand', 'member', '-at', '-id'], name='members_stagechange_by_member'),
                    models.Index(fields=['brand', 'at'], include=('from_stage', 'to_stage'), name='members_stagechange_in_window'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('from_stage', models.F('to_stage')), _negated=True), name='members_stagechange_changes'),
                ],
            },
        ),
        enable_rls('members_stagepolicy', 'members_stagechange'),
        tie_to_brand('members_stagechange', 'member_id', 'members_member'),
    ]
