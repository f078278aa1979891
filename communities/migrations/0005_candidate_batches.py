"""Candidates in batches of a thousand instead of a row per person, twenty times as small."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from core.kernel.rls import enable_rls

# Force binds the owner too; the old table goes at the end of this migration.
PACK = """
    ALTER TABLE communities_buildcandidate NO FORCE ROW LEVEL SECURITY;
    INSERT INTO communities_candidatebatch (brand_id, run_id, exclusion, group_no, first_member,
        last_member, people, member_ids)
    SELECT brand_id, run_id, exclusion, group_no, min(member_id), max(member_id), count(*),
        array_agg(member_id ORDER BY member_id)
    FROM (
        SELECT told.*, (row_number() OVER (
            PARTITION BY brand_id, run_id, exclusion, group_no ORDER BY member_id) - 1) / 1000
            AS piece
        FROM (
            SELECT brand_id, run_id, '' AS exclusion, group_no, member_id
            FROM communities_buildcandidate WHERE group_no > 0
            UNION ALL
            SELECT brand_id, run_id, exclusion, group_no, member_id
            FROM communities_buildcandidate WHERE exclusion <> ''
        ) AS told
    ) AS cut
    GROUP BY brand_id, run_id, exclusion, group_no, piece;
"""
UNPACK = """
    INSERT INTO communities_buildcandidate (brand_id, run_id, group_no, member_id, exclusion)
    SELECT brand_id, run_id, group_no, member_id, max(exclusion)
    FROM communities_candidatebatch CROSS JOIN LATERAL unnest(member_ids) AS member_id
    GROUP BY brand_id, run_id, group_no, member_id;
"""
OLD_POLICY = enable_rls("communities_buildcandidate").sql


class Migration(migrations.Migration):
    dependencies = [
        ("communities", "0004_lists_by_name"),
        ("core", "0008_lists_by_name"),
    ]
    operations = [
        migrations.CreateModel(
            name="CandidateBatch",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "brand_id",
                        "run_id",
                        "exclusion",
                        "group_no",
                        "first_member",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run_id", models.BigIntegerField()),
                (
                    "exclusion",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "placed"),
                            ("inside", "already in a suitable group"),
                            ("no_consent", "no consent to community invitations"),
                            ("no_group", "what the rule groups by is missing"),
                            ("closed", "the community no longer takes members"),
                        ],
                        max_length=10,
                    ),
                ),
                ("group_no", models.IntegerField()),
                ("first_member", models.BigIntegerField()),
                ("last_member", models.BigIntegerField()),
                ("people", models.IntegerField()),
                (
                    "member_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.brand",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(PACK, UNPACK + OLD_POLICY),
        enable_rls("communities_candidatebatch"),
        migrations.DeleteModel(name="BuildCandidate"),
    ]
