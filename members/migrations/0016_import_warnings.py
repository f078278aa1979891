from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("members", "0015_dealers_touch_members"),
    ]

    operations = [
        migrations.AddField(
            model_name="importjob",
            name="warning_count",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="importrejection",
            name="is_taken",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
