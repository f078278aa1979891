"""Seats tied to their room's own community; candidates as plain numbers; lighter room locks.

The composite key replaces two: a seat's room belongs to the seat's community and brand, and the
room is tied to the community itself. The triggers take the lock that an UPDATE takes, so that
counting people in a room never waits for a message that names the room in a foreign key.
"""

from importlib import import_module

from django.db import migrations, models

counts = import_module("communities.migrations.0003_room_counts")

ROOM_KEY = """
    CREATE UNIQUE INDEX communities_room_community_key
        ON communities_room (brand_id, community_id, id);
    ALTER TABLE communities_membership
        ADD CONSTRAINT communities_membership_seat_tie
            FOREIGN KEY (brand_id, community_id, room_id)
            REFERENCES communities_room (brand_id, community_id, id),
        DROP CONSTRAINT communities_membership_community_id_tie,
        DROP CONSTRAINT communities_membership_room_id_tie;
"""
ROOM_KEY_BACK = """
    ALTER TABLE communities_membership
        ADD CONSTRAINT communities_membership_community_id_tie
            FOREIGN KEY (brand_id, community_id) REFERENCES communities_community (brand_id, id),
        ADD CONSTRAINT communities_membership_room_id_tie
            FOREIGN KEY (brand_id, room_id) REFERENCES communities_room (brand_id, id),
        DROP CONSTRAINT communities_membership_seat_tie;
    DROP INDEX communities_room_community_key;
"""
PLAIN = """
    ALTER TABLE communities_buildcandidate
        DROP CONSTRAINT communities_buildcandidate_run_id_tie,
        DROP CONSTRAINT communities_buildcandidate_member_id_tie;
"""
PLAIN_BACK = """
    ALTER TABLE communities_buildcandidate
        ADD CONSTRAINT communities_buildcandidate_run_id_tie
            FOREIGN KEY (brand_id, run_id) REFERENCES communities_buildrun (brand_id, id),
        ADD CONSTRAINT communities_buildcandidate_member_id_tie
            FOREIGN KEY (brand_id, member_id) REFERENCES members_member (brand_id, id);
"""


def function_only(strength):
    """Return the trigger functions anew, with another strength of the room locks."""
    functions = []
    for name, parts in counts.TRIGGERS.items():
        body = counts.forward(name, *parts).split("CREATE TRIGGER")[0]
        body = body.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        functions.append(body.replace("FOR UPDATE OF room", f"{strength} OF room"))
    return "".join(functions)


class Migration(migrations.Migration):
    dependencies = [("communities", "0004_broadcast_work")]
    operations = [
        migrations.RunSQL(function_only("FOR NO KEY UPDATE"), function_only("FOR UPDATE")),
        migrations.RunSQL(ROOM_KEY, ROOM_KEY_BACK),
        migrations.SeparateDatabaseAndState(
            # The columns keep their names and types: only what Django calls them changes.
            database_operations=[migrations.RunSQL(PLAIN, PLAIN_BACK)],
            state_operations=[
                migrations.RemoveField("buildcandidate", "member"),
                migrations.RemoveField("buildcandidate", "run"),
                migrations.AddField("buildcandidate", "member_id", models.BigIntegerField()),
                migrations.AddField("buildcandidate", "run_id", models.BigIntegerField()),
            ],
        ),
        migrations.AlterField(
            model_name="buildcandidate",
            name="exclusion",
            field=models.CharField(
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
        migrations.AddField("buildgroup", "excluded_count", models.IntegerField(default=0)),
        migrations.AddField("room", "build_run_id", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            model_name="buildcandidate",
            index=models.Index(
                condition=models.Q(("exclusion", ""), _negated=True),
                fields=["brand", "run_id", "exclusion", "member_id"],
                name="communities_candidate_excluded",
            ),
        ),
        migrations.AddIndex(
            model_name="buildrun",
            index=models.Index(
                fields=["brand", "rule", "-id"], name="communities_buildrun_of_rule"
            ),
        ),
    ]
