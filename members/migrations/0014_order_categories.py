"""Categories of orders, and the words in use; a constant default rewrites no order."""

import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0012_brand_without_own_index'),
        ('members', '0013_overlap_by_vehicle'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='category',
            field=models.CharField(blank=True, db_default='', default='', max_length=20, verbose_name='category'),
        ),
        migrations.CreateModel(
            name='OrderCategory',
            fields=[
                ('pk', models.CompositePrimaryKey('brand_id', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=20, verbose_name='category')),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.brand')),
            ],
            options={
                'abstract': False,
            },
        ),
        enable_rls('members_ordercategory'),
    ]
