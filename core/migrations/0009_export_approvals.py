import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_lists_by_name'),
    ]

    operations = [
        migrations.AddField(
            model_name='storedfile',
            name='deleted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='run',
            name='state',
            field=models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('paused', 'Paused'), ('waiting', 'Awaiting approval'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10),
        ),
        migrations.RemoveConstraint(
            model_name='run',
            name='core_run_finished_iff_ended',
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('state__in', ['queued', 'running', 'paused', 'waiting'])), models.Q(('finished_at__isnull', False), ('state__in', ['succeeded', 'failed', 'cancelled'])), _connector='OR'), name='core_run_finished_iff_ended'),
        ),
        migrations.CreateModel(
            name='ExportRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('alone', 'Within the daily limit'), ('waiting', 'Awaiting approval'), ('approved', 'Approved'), ('refused', 'Refused'), ('lapsed', 'Lapsed'), ('outgrown', 'Outgrown'), ('withdrawn', 'Withdrawn')], max_length=10)),
                ('list_key', models.CharField(max_length=40)),
                ('words', models.TextField()),
                ('columns', models.JSONField(default=list)),
                ('file_format', models.CharField(max_length=4)),
                ('digest', models.BinaryField(max_length=16)),
                ('rows', models.BigIntegerField()),
                ('rows_ceiling', models.BigIntegerField()),
                ('requested_by_id', models.BigIntegerField(null=True)),
                ('requested_by_label', models.CharField(max_length=80)),
                ('requested_at', models.DateTimeField()),
                ('lapses_at', models.DateTimeField()),
                ('decided_by_id', models.BigIntegerField(null=True)),
                ('decided_by_label', models.CharField(blank=True, max_length=80)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
                ('run', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='export_requests', to='core.run')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', '-id'], name='core_exportrequest_newest'), models.Index(condition=models.Q(('state', 'alone')), fields=['brand', 'requested_by_id', 'requested_at'], name='core_exportrequest_of_day'), models.Index(condition=models.Q(('state', 'waiting')), fields=['brand', 'lapses_at'], name='core_exportrequest_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['alone', 'waiting', 'approved'])), fields=('brand', 'run'), name='core_exportrequest_one_open'), models.CheckConstraint(condition=models.Q(('decided_by_id', None), models.Q(('decided_by_id', models.F('requested_by_id')), _negated=True), _connector='OR'), name='core_exportrequest_two_people'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'refused']), _negated=True), ('decided_by_id__isnull', False), _connector='OR'), name='core_exportrequest_somebody_decided')],
            },
        ),
        enable_rls("core_exportrequest"),
        tie_to_brand("core_exportrequest", "run_id", "core_run"),
    ]
