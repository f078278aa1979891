"""Consent texts and answers before the newest, and who looked behind which mask."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand

PURPOSES = [('community', 'Invitations to communities'), ('marketing', 'Marketing messages')]
FIELDS = [('phone', 'phone number'), ('vin', 'VIN'), ('identity', 'name in another system')]
REASONS = [
    ('call', 'To call the person back'),
    ('service', 'Service or repair'),
    ('complaint', 'Complaint'),
    ('verify', 'To check who it is'),
    ('authority', 'Request of an authority'),
    ('other', 'Something else'),
]


def of_brand(**more):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand', **more)


def of_member():
    return models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')


LOOSE = {'db_constraint': False, 'db_index': False}


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0011_data_classes'),
        ('members', '0009_timeline'),
    ]

    operations = [
        migrations.AddField(
            model_name='consent',
            name='withdrawn_evidence',
            field=models.CharField(blank=True, db_default='', max_length=160),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(condition=models.Q(('purpose', 'marketing'), ('withdrawn_at__isnull', False)), fields=['brand', 'member'], name='members_consent_refused'),
        ),
        migrations.CreateModel(
            name='ConsentText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=PURPOSES, max_length=12, verbose_name='purpose')),
                ('version', models.CharField(max_length=16, verbose_name='version')),
                ('body', models.TextField(max_length=5000, verbose_name='text')),
                ('effective_from', models.DateTimeField(verbose_name='in force from')),
                ('needs_renewal', models.BooleanField(default=False, verbose_name='earlier consents are to be renewed')),
                ('created_by_label', models.CharField(max_length=80)),
                ('created_at', models.DateTimeField()),
                ('brand', of_brand()),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('brand', 'purpose', 'version'), name='members_consenttext_one_per_version'),
                    models.UniqueConstraint(fields=('brand', 'purpose', 'effective_from'), name='members_consenttext_one_at_a_time'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PastConsent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=PURPOSES, max_length=12)),
                ('version', models.CharField(max_length=16)),
                ('given_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('evidence', models.CharField(max_length=160)),
                ('withdrawn_evidence', models.CharField(blank=True, max_length=160)),
                ('brand', of_brand(**LOOSE)),
                ('member', of_member()),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'member', '-id'], name='members_pastconsent_of_member')],
            },
        ),
        migrations.CreateModel(
            name='Reveal',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('field', models.CharField(choices=FIELDS, max_length=8)),
                ('of_id', models.BigIntegerField(null=True)),
                ('reason', models.CharField(choices=REASONS, max_length=9, verbose_name='reason')),
                ('note', models.CharField(max_length=200)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('actor_label', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('brand', of_brand(**LOOSE)),
                ('member', of_member()),
            ],
            options={
                'indexes': [
                    models.Index(fields=['brand', '-id'], name='members_reveal_newest'),
                    models.Index(fields=['brand', 'member'], name='members_reveal_of_member'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RevealTally',
            fields=[
                ('pk', models.CompositePrimaryKey('brand_id', 'who', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('who', models.CharField(max_length=24)),
                ('day', models.DateField()),
                ('used', models.PositiveIntegerField()),
                ('brand', of_brand(**LOOSE)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RevealLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('per_day', models.PositiveIntegerField(default=50, validators=[django.core.validators.MaxValueValidator(10000)], verbose_name='reveals per person and day')),
                ('brand', of_brand()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('brand',), name='members_reveallimit_one')],
            },
        ),
        enable_rls(
            'members_consenttext',
            'members_pastconsent',
            'members_reveal',
            'members_revealtally',
            'members_reveallimit',
        ),
        tie_to_brand('members_pastconsent', 'member_id', 'members_member'),
        tie_to_brand('members_reveal', 'member_id', 'members_member'),
    ]
