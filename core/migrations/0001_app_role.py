"""Let the application's database role read and write rows, and nothing more.

Runs before any table exists, so that every later table is born with these grants.
"""

from django.conf import settings
from django.db import migrations


def grant_to_app(apps, schema_editor):
    app = schema_editor.quote_name(settings.DATABASES["default"]["USER"])
    schema_editor.execute(f"GRANT USAGE ON SCHEMA public TO {app}")
    schema_editor.execute(f"GRANT SELECT ON django_migrations TO {app}")
    schema_editor.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}"
    )
    schema_editor.execute(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}"
    )


class Migration(migrations.Migration):
    run_before = [("contenttypes", "0001_initial"), ("axes", "0001_initial")]
    operations = [migrations.RunPython(grant_to_app, migrations.RunPython.noop)]
