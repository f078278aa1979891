"""How long communities of a kind live and who runs them; what one is made for, and its end."""

from django.db import migrations, models

# The policies in force get what the product says of their kind; older versions stay as they were.
# Who never changed the name of flash communities gets the one that knows the event. Force binds
# the owner too.
BY_KIND = """
    ALTER TABLE communities_communitypolicy NO FORCE ROW LEVEL SECURITY;
    UPDATE communities_communitypolicy AS policy SET
        lifespan = told.lifespan, staff_least = told.least, staff_most = told.most,
        staff_role = told.role,
        name_template = CASE WHEN policy.kind = 'flash' AND name_template = '{start} {topic}'
            THEN '{start:%m月%d日%H点} {event}' ELSE name_template END
    FROM (VALUES
        ('flash', 'event', 1, 1, '运营'),
        ('service', 'long', 1, 1, '运营，另有车主管理员'),
        ('conversion', 'long', 4, 6, '1 名店长和 3–5 名导购'),
        ('core', 'reviewed', 1, NULL, '每位成员一名专属服务经理')
    ) AS told (kind, lifespan, least, most, role)
    WHERE policy.is_current AND policy.kind = told.kind;
    ALTER TABLE communities_communitypolicy FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("communities", "0012_entry_rules")]
    operations = [
        migrations.AddField(
            "communitypolicy",
            "lifespan",
            models.CharField(
                choices=[
                    ("event", "Ends with its event"),
                    ("long", "Long"),
                    ("reviewed", "Long, reviewed each quarter"),
                ],
                db_default="long",
                default="long",
                max_length=8,
                verbose_name="lifespan",
            ),
        ),
        migrations.AddField(
            "communitypolicy",
            "closing_hours",
            models.PositiveSmallIntegerField(
                db_default=24, default=24, verbose_name="hours until it closes"
            ),
        ),
        migrations.AddField(
            "communitypolicy",
            "staff_least",
            models.PositiveSmallIntegerField(
                db_default=1, default=1, verbose_name="staff at least"
            ),
        ),
        migrations.AddField(
            "communitypolicy",
            "staff_most",
            models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="staff at most"),
        ),
        migrations.AddField(
            "communitypolicy",
            "staff_role",
            models.CharField(
                blank=True, db_default="", default="", max_length=60, verbose_name="who they are"
            ),
        ),
        migrations.RunSQL([(BY_KIND, None)], migrations.RunSQL.noop),
        migrations.AddConstraint(
            "communitypolicy",
            models.CheckConstraint(
                condition=models.Q(("staff_most", None))
                | models.Q(("staff_most__gte", models.F("staff_least"))),
                name="communities_policy_staff_sane",
            ),
        ),
        migrations.AddField(
            "community",
            "ends_at",
            models.DateTimeField(blank=True, null=True, verbose_name="ends"),
        ),
        migrations.AddIndex(
            "community",
            models.Index(
                condition=models.Q(
                    ("ends_at__isnull", False), ("state__in", ["draft", "active"])
                ),
                fields=["brand", "ends_at"],
                name="communities_ending",
            ),
        ),
        migrations.AddField(
            "buildrule",
            "event",
            models.CharField(
                blank=True, db_default="", default="", max_length=60, verbose_name="event"
            ),
        ),
        migrations.AddField(
            "buildrule",
            "starts_at",
            models.DateTimeField(blank=True, null=True, verbose_name="starts"),
        ),
        migrations.AddField(
            "buildrule",
            "ends_at",
            models.DateTimeField(blank=True, null=True, verbose_name="ends"),
        ),
    ]
