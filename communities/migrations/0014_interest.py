"""A build rule may group by the tags of one tag group."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0013_lifespan_and_staff")]
    operations = [
        migrations.AddField(
            "buildrule",
            "tag_group_id",
            models.BigIntegerField(
                blank=True, null=True, verbose_name="interests are the tags of"
            ),
        ),
    ]
