"""Fields that a brand declares itself, their choices, and the values of members."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand
from members.live.touching import touch_members

BRAND = {
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "core.brand",
}
LOOSE = {"db_constraint": False, "db_index": False}
DETAIL = BRAND | LOOSE
ID = {"auto_created": True, "primary_key": True, "serialize": False, "verbose_name": "ID"}


def parent(name, related_name="+", **more):
    return models.ForeignKey(
        **LOOSE,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to=f"members.{name}",
        **more,
    )


def filled(only):
    names = ("choice", "day", "number", "text")
    return models.Q(*((f"{name}__isnull", name != only) for name in names))


class Migration(migrations.Migration):
    dependencies = [("members", "0007_vehicle_histories_and_merges")]
    operations = [
        migrations.CreateModel(
            name="CustomField",
            fields=[
                ("id", models.BigAutoField(**ID)),
                ("key", models.CharField(max_length=40, verbose_name="key")),
                ("label", models.CharField(max_length=40, verbose_name="name")),
                ("help", models.CharField(blank=True, max_length=200, verbose_name="help")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("number", "Number"),
                            ("date", "Date"),
                            ("choice", "One choice"),
                            ("choices", "Several choices"),
                        ],
                        max_length=7,
                        verbose_name="kind",
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_required", models.BooleanField(default=False, verbose_name="required")),
                (
                    "data_class",
                    models.CharField(
                        choices=[("internal", "Internal"), ("personal", "Personal")],
                        default="internal",
                        max_length=8,
                        verbose_name="data class",
                    ),
                ),
                ("max_length", models.PositiveIntegerField(null=True, verbose_name="longest text")),
                ("low", models.BigIntegerField(null=True, verbose_name="least")),
                ("high", models.BigIntegerField(null=True, verbose_name="most")),
                ("decimals", models.PositiveIntegerField(default=0, verbose_name="decimal places")),
                ("archived_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("brand", models.ForeignKey(**BRAND)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("brand", "key"), name="members_customfield_one_per_key"
                    ),
                    models.UniqueConstraint(
                        models.F("brand"),
                        django.db.models.functions.text.Lower("label"),
                        name="members_customfield_one_per_label",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z][a-z0-9_]{0,39}$")),
                        name="members_customfield_key_plain",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("low", None),
                            ("high", None),
                            ("low__lte", models.F("high")),
                            _connector="OR",
                        ),
                        name="members_customfield_low_below_high",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="CustomChoice",
            fields=[
                ("id", models.BigAutoField(**ID)),
                ("label", models.CharField(max_length=60, verbose_name="name")),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_archived", models.BooleanField(default=False)),
                ("brand", models.ForeignKey(**BRAND)),
                ("field", parent("customfield", "choices")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("brand"),
                        models.F("field"),
                        django.db.models.functions.text.Lower("label"),
                        name="members_customchoice_one_per_label",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="CustomValue",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "brand_id",
                        "member_id",
                        "field_id",
                        "slot",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("slot", models.BigIntegerField(default=0)),
                ("text", models.TextField(null=True)),
                ("number", models.BigIntegerField(null=True)),
                ("day", models.DateField(null=True)),
                ("brand", models.ForeignKey(**DETAIL)),
                ("choice", parent("customchoice", null=True)),
                ("field", parent("customfield")),
                ("member", parent("member")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=filled("text")
                        | filled("number")
                        | filled("day")
                        | filled("choice"),
                        name="members_customvalue_one_filled",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("slot", 0),
                            models.Q(("choice__isnull", False), ("slot", models.F("choice"))),
                            _connector="OR",
                        ),
                        name="members_customvalue_slot_is_choice",
                    ),
                ],
                "indexes": [
                    models.Index(
                        models.F("brand"),
                        models.F("field"),
                        django.contrib.postgres.indexes.OpClass(
                            models.F("text"), name="text_pattern_ops"
                        ),
                        models.F("member"),
                        condition=models.Q(("text__isnull", False)),
                        name="members_customvalue_by_text",
                    ),
                    models.Index(
                        condition=models.Q(("number__isnull", False)),
                        fields=["brand", "field", "number", "member"],
                        name="members_customvalue_by_number",
                    ),
                    models.Index(
                        condition=models.Q(("day__isnull", False)),
                        fields=["brand", "field", "day", "member"],
                        name="members_customvalue_by_day",
                    ),
                    models.Index(
                        condition=models.Q(("choice__isnull", False)),
                        fields=["brand", "field", "choice", "member"],
                        name="members_customvalue_by_choice",
                    ),
                ],
            },
        ),
        enable_rls("members_customfield", "members_customchoice", "members_customvalue"),
        tie_to_brand("members_customchoice", "field_id", "members_customfield"),
        tie_to_brand("members_customvalue", "member_id", "members_member"),
        tie_to_brand("members_customvalue", "field_id", "members_customfield"),
        tie_to_brand("members_customvalue", "choice_id", "members_customchoice"),
        # Conditions read the values.
        touch_members("members_customvalue"),
    ]
