"""Deletions of members, files of everything about one, and who had a car before and after."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand

BRAND = {
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "core.brand",
}
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
STATES = [
    ("waiting", "Waiting"),
    ("running", "Being deleted"),
    ("done", "Deleted"),
    ("withdrawn", "Taken back"),
]
REASONS = [
    ("asked", "The person asked for it"),
    ("mistake", "Taken in by mistake"),
    ("law", "We may not keep the data any longer"),
    ("restored", "Deleted before, and back from a backup"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0011_data_classes"),
        ("members", "0010_privacy"),
    ]
    operations = [
        migrations.CreateModel(
            name="ErasurePolicy",
            fields=[
                ("id", ID),
                (
                    "grace_days",
                    models.PositiveIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(7)],
                        verbose_name="days to wait",
                    ),
                ),
                ("brand", models.ForeignKey(**BRAND)),
            ],
            options={"verbose_name_plural": "erasure policies"},
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", ID),
                ("member_id", models.BigIntegerField()),
                ("dealer_id", models.BigIntegerField(null=True)),
                ("mark", models.BinaryField(max_length=16)),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=9)),
                (
                    "reason",
                    models.CharField(choices=REASONS, max_length=8, verbose_name="reason"),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("requested_by_id", models.BigIntegerField(null=True)),
                ("requested_by_label", models.CharField(max_length=80)),
                ("requested_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("traces", models.BinaryField(null=True)),
                ("rows_gone_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("brand", models.ForeignKey(**BRAND)),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubjectFile",
            fields=[
                ("id", ID),
                ("is_whole", models.BooleanField(default=False)),
                ("run_id", models.BigIntegerField(null=True)),
                ("file_id", models.BigIntegerField(null=True)),
                ("requested_by_id", models.BigIntegerField(null=True)),
                ("requested_by_label", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                ("brand", models.ForeignKey(**BRAND)),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            "erasurepolicy",
            models.UniqueConstraint(fields=["brand"], name="members_erasurepolicy_one"),
        ),
        migrations.AddConstraint(
            "erasurepolicy",
            models.CheckConstraint(
                condition=models.Q(grace_days__lte=7), name="members_erasurepolicy_not_long"
            ),
        ),
        migrations.AddConstraint(
            "erasure",
            models.UniqueConstraint(
                fields=["brand", "member_id"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="members_erasure_one_open",
            ),
        ),
        migrations.AddConstraint(
            "erasure",
            models.CheckConstraint(
                condition=models.Q(finished_at__isnull=False, state__in=["done", "withdrawn"])
                | models.Q(finished_at=None, state__in=["waiting", "running"]),
                name="members_erasure_finished_iff_ended",
            ),
        ),
        migrations.AddConstraint(
            "erasure",
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | models.Q(note="", rows_gone_at__isnull=False, traces=None),
                name="members_erasure_done_leaves_nothing",
            ),
        ),
        migrations.AddIndex(
            "erasure",
            models.Index(fields=["brand", "-id"], name="members_erasure_newest"),
        ),
        migrations.AddIndex(
            "erasure",
            models.Index(fields=["brand", "member_id", "-id"], name="members_erasure_of_member"),
        ),
        migrations.AddIndex(
            "erasure",
            models.Index(
                fields=["brand", "due_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="members_erasure_open",
            ),
        ),
        migrations.AddIndex(
            "subjectfile",
            models.Index(fields=["brand", "member", "-id"], name="members_subjectfile_of_member"),
        ),
        migrations.AddIndex(
            "ownership",
            models.Index(fields=["brand", "vehicle"], name="members_ownership_of_vehicle"),
        ),
        enable_rls("members_erasurepolicy", "members_erasure", "members_subjectfile"),
        tie_to_brand("members_erasure", "run_id", "core_run"),
        tie_to_brand("members_subjectfile", "member_id", "members_member"),
    ]
