from django.db import migrations, models


def version() -> models.Field:
    return models.PositiveIntegerField(db_default=1, default=1)


class Migration(migrations.Migration):
    """Regions, dealers and stores count their changes."""

    dependencies = [("core", "0012_brand_without_own_index")]

    operations = [
        migrations.AddField(model_name=name, name="version", field=version())
        for name in ("region", "dealer", "store")
    ]
