"""The application reads cities; only the owner, through ``load_divisions``, writes them."""

from django.conf import settings
from django.db import migrations


def revoke_writes(apps, schema_editor):
    app = schema_editor.quote_name(settings.DATABASES["default"]["USER"])
    schema_editor.execute(f"REVOKE INSERT, UPDATE, DELETE ON core_city FROM {app}")


def grant_writes(apps, schema_editor):
    app = schema_editor.quote_name(settings.DATABASES["default"]["USER"])
    schema_editor.execute(f"GRANT INSERT, UPDATE, DELETE ON core_city TO {app}")


class Migration(migrations.Migration):
    dependencies = [("core", "0004_storedfile_needs")]
    operations = [migrations.RunPython(revoke_writes, grant_writes)]
