"""The entries of one subject, in the order of time, for pages that merge them with other things."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0009_export_approvals")]
    operations = [
        migrations.AddIndex(
            "auditentry",
            models.Index(
                fields=["brand", "subject_type", "subject_id", "-created_at", "-id"],
                name="core_audit_of_subject_in_time",
            ),
        ),
    ]
