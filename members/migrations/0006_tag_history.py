"""The history of tags in batches, limits of a brand, and names without regard to capitals."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

from core.kernel.rls import enable_rls, tie_to_brand

BRAND = {
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "core.brand",
}
DETAIL = BRAND | {"db_constraint": False, "db_index": False}
LIMIT = [
    django.core.validators.MinValueValidator(1),
    django.core.validators.MaxValueValidator(100_000),
]
# Of names that differ in capitals only, the oldest stays as it is. Force binds the owner too.
RENAME = """
    ALTER TABLE members_tag NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE members_taggroup NO FORCE ROW LEVEL SECURITY;
    UPDATE members_tag tag SET name = left(tag.name, 28) || ' ' || tag.id WHERE EXISTS (
        SELECT FROM members_tag other WHERE other.brand_id = tag.brand_id
        AND other.group_id = tag.group_id AND lower(other.name) = lower(tag.name)
        AND other.id < tag.id
    );
    UPDATE members_taggroup kind SET name = left(kind.name, 28) || ' ' || kind.id WHERE EXISTS (
        SELECT FROM members_taggroup other WHERE other.brand_id = kind.brand_id
        AND lower(other.name) = lower(kind.name) AND other.id < kind.id
    );
    ALTER TABLE members_tag FORCE ROW LEVEL SECURITY;
    ALTER TABLE members_taggroup FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0005_lifecycle")]
    operations = [
        migrations.RunSQL(RENAME, migrations.RunSQL.noop),
        migrations.RemoveConstraint("tag", "members_tag_one_per_name"),
        migrations.RemoveConstraint("taggroup", "members_taggroup_one_per_name"),
        migrations.AddConstraint(
            "tag",
            models.UniqueConstraint(
                models.F("brand"),
                models.F("group"),
                django.db.models.functions.text.Lower("name"),
                name="members_tag_one_per_name",
            ),
        ),
        migrations.AddConstraint(
            "taggroup",
            models.UniqueConstraint(
                models.F("brand"),
                django.db.models.functions.text.Lower("name"),
                name="members_taggroup_one_per_name",
            ),
        ),
        migrations.AddIndex(
            "tagblock",
            models.Index(fields=["brand", "member"], name="members_tagblock_by_member"),
        ),
        migrations.CreateModel(
            name="TagLimits",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tags",
                    models.PositiveIntegerField(
                        default=5000, validators=LIMIT, verbose_name="tags of the brand"
                    ),
                ),
                (
                    "per_group",
                    models.PositiveIntegerField(
                        default=200, validators=LIMIT, verbose_name="tags in a group"
                    ),
                ),
                (
                    "per_member",
                    models.PositiveIntegerField(
                        default=200, validators=LIMIT, verbose_name="tags of a member"
                    ),
                ),
                ("brand", models.ForeignKey(**BRAND)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("brand",), name="members_taglimits_one")
                ]
            },
        ),
        migrations.CreateModel(
            name="TagAct",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("manual", "By hand"),
                            ("rule", "Rule"),
                            ("import", "Import"),
                            ("expiry", "Expiry"),
                            ("merge", "Merge"),
                            ("deletion", "Deletion"),
                            ("undo", "Undo"),
                        ],
                        max_length=8,
                    ),
                ),
                ("author_id", models.BigIntegerField(null=True)),
                ("author_label", models.CharField(max_length=120)),
                ("rule_version", models.PositiveIntegerField(null=True)),
                ("run_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("undoes_id", models.BigIntegerField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by", models.CharField(blank=True, db_default="", max_length=120)),
                ("brand", models.ForeignKey(**BRAND)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("run_id__isnull", False)),
                        fields=("brand", "run_id"),
                        name="members_tagact_one_per_run",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="TagChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("tag_id", models.BigIntegerField()),
                ("tag_name", models.CharField(max_length=40)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("given", "given"),
                            ("changed", "source or end changed"),
                            ("taken", "taken"),
                            ("replaced", "replaced by another of its group"),
                            ("blocked", "kept from the rule"),
                            ("unblocked", "left to the rule again"),
                        ],
                        max_length=9,
                    ),
                ),
                ("people", models.BigIntegerField()),
                (
                    "act",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="members.tagact",
                    ),
                ),
                ("brand", models.ForeignKey(**DETAIL)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["brand", "tag_id", "-id"], name="members_tagchange_of_tag")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("brand", "act", "tag_id", "kind", "tag_name"),
                        name="members_tagchange_one_per_kind",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TagChangeBatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("bucket", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("people", models.IntegerField()),
                (
                    "member_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=6), null=True, size=None
                    ),
                ),
                (
                    "author_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(null=True), null=True, size=None
                    ),
                ),
                (
                    "tagged_ats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), null=True, size=None
                    ),
                ),
                (
                    "expires_ats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(null=True), null=True, size=None
                    ),
                ),
                ("brand", models.ForeignKey(**DETAIL)),
                (
                    "change",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.tagchange",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["brand", "bucket", "-id"], name="members_tagchangebatch_near"
                    ),
                    models.Index(
                        fields=["brand", "change", "bucket"], name="members_tagchangebatch_of"
                    ),
                ]
            },
        ),
        enable_rls(
            "members_taglimits",
            "members_tagact",
            "members_tagchange",
            "members_tagchangebatch",
        ),
        tie_to_brand("members_tagchange", "act_id", "members_tagact"),
        tie_to_brand("members_tagchangebatch", "change_id", "members_tagchange"),
    ]
