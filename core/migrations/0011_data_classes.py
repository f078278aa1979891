"""How far a rotation of keys has come, and after how many days data is emptied."""

import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0010_audit_in_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyRotation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(max_length=80)),
                ('field', models.CharField(max_length=40)),
                ('key_id', models.CharField(max_length=40)),
                ('after_id', models.BigIntegerField(default=0)),
                ('rewritten', models.BigIntegerField(default=0)),
                ('finished_at', models.DateTimeField(null=True)),
                ('updated_at', models.DateTimeField()),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('brand', 'table', 'field', 'key_id'), name='core_keyrotation_one_per_field')],
            },
        ),
        migrations.CreateModel(
            name='RetentionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('days', models.PositiveIntegerField(verbose_name='days')),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('brand', 'kind'), name='core_retentionrule_one_per_kind')],
            },
        ),
        enable_rls('core_keyrotation', 'core_retentionrule'),
    ]
