from django.db import migrations, models


def version() -> models.Field:
    return models.PositiveIntegerField(db_default=1, default=1)


class Migration(migrations.Migration):
    """Vehicle models, tags, their groups and limits count their changes."""

    dependencies = [("members", "0016_import_warnings")]

    operations = [
        migrations.AddField(model_name=name, name="version", field=version())
        for name in ("vehiclemodel", "taggroup", "tag", "taglimits")
    ]
