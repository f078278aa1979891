"""Old messages are found by their age, at next to no cost for new ones."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0008_erasure'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='roommessage',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['created_at'], name='communities_roommessage_age'),
        ),
    ]
