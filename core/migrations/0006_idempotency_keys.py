"""The table of answers already given, behind a policy."""

import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls


class Migration(migrations.Migration):
    dependencies = [("core", "0005_cities_read_only")]
    operations = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("actor", models.CharField(max_length=24)),
                ("key", models.CharField(max_length=255)),
                ("request_hash", models.BinaryField(max_length=32)),
                ("status", models.PositiveSmallIntegerField()),
                ("answer", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.brand",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["brand", "created_at"], name="core_idempotencykey_expiry")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["brand", "actor", "key"], name="core_idempotencykey_once"
                    )
                ],
            },
        ),
        enable_rls("core_idempotencykey"),
    ]
