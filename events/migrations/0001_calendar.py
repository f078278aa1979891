"""The calendar of events, and who registers for them.

Triggers on registrations count the places that are taken, and leave marks for live segments. So
does a change of the event that conditions read: its kind, its state, its end.
"""

import django.db.models.deletion
from django.db import migrations, models

from core.kernel.counting import keep_count
from core.kernel.rls import enable_rls, tie_to_brand
from members.live.touching import touch_members

TABLES = ["events_event", "events_registration"]
TIES = [
    ("events_event", "dealer_id", "core_dealer"),
    ("events_event", "community_id", "communities_community"),
    ("events_registration", "event_id", "events_event"),
    ("events_registration", "member_id", "members_member"),
]
# Counting changes an event for each who registers; that alone is no news of all the others.
TOUCH_ALL = """
    CREATE FUNCTION events_touch_people() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM members_livesegment) THEN
            INSERT INTO members_touchedmember (brand_id, member_id, at)
            SELECT DISTINCT went.brand_id, went.member_id, now()
            FROM changed
            JOIN was ON was.brand_id = changed.brand_id AND was.id = changed.id
            JOIN events_registration AS went
                ON went.brand_id = changed.brand_id AND went.event_id = changed.id
            WHERE (was.kind, was.state, was.ends_at)
                IS DISTINCT FROM (changed.kind, changed.state, changed.ends_at)
              AND changed.brand_id IN (SELECT live.brand_id FROM members_livesegment AS live);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER members_touch_became AFTER UPDATE ON events_event
        REFERENCING OLD TABLE AS was NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION events_touch_people();
"""
UNTOUCH_ALL = """
    DROP TRIGGER members_touch_became ON events_event;
    DROP FUNCTION events_touch_people();
"""
KINDS = [
    ("meet_up", "Owner meet-up"),
    ("salon", "Salon"),
    ("sport", "Sport"),
    ("drive", "Drive"),
    ("test_drive", "Test drive"),
    ("live", "Live stream"),
    ("user_meeting", "User meeting"),
    ("charity", "Charity"),
    ("delivery", "Delivery ceremony"),
]
STATES = [
    ("draft", "Draft"),
    ("published", "Published"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]


def of(parent, **options):
    return models.ForeignKey(
        db_constraint=options.pop("db_constraint", False),
        db_index=options.pop("db_index", False),
        on_delete=django.db.models.deletion.PROTECT,
        related_name=options.pop("related_name", "+"),
        to=parent,
        **options,
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("core", "0012_brand_without_own_index"),
        ("members", "0012_brand_without_own_index"),
        ("communities", "0011_brand_without_own_index"),
    ]
    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=KINDS, max_length=12, verbose_name="kind")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("state", models.CharField(choices=STATES, default="draft", max_length=9)),
                ("is_online", models.BooleanField(default=False, verbose_name="online")),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                ("venue", models.CharField(blank=True, max_length=120, verbose_name="venue")),
                ("capacity", models.PositiveIntegerField(blank=True, null=True, verbose_name="places")),
                ("guests_each", models.PositiveSmallIntegerField(default=0, verbose_name="guests each")),
                ("taken", models.PositiveIntegerField(db_default=0, default=0)),
                ("external_no", models.CharField(blank=True, max_length=64, verbose_name="number in your app")),
                ("created_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("brand", of("core.brand", db_constraint=True)),
                ("city", of("core.city", db_constraint=True, blank=True, null=True, verbose_name="city")),
                ("community", of("communities.community", blank=True, null=True, verbose_name="community")),
                ("dealer", of("core.dealer", blank=True, null=True, verbose_name="dealer")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["brand", "starts_at", "id"], name="events_event_in_time"),
                    models.Index(fields=["brand", "dealer", "starts_at"], name="events_event_of_dealer"),
                    models.Index(fields=["brand", "community"], name="events_event_of_community"),
                    models.Index(fields=["brand", "ends_at"], name="events_event_by_end"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_no", ""), _negated=True),
                        fields=("brand", "external_no"),
                        name="events_event_one_per_number",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("capacity", None), ("taken__lte", models.F("capacity")), _connector="OR"
                        ),
                        name="events_event_within_capacity",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="events_event_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Registration",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("registered", "Registered"),
                            ("checked_in", "Checked in"),
                            ("cancelled", "Called off"),
                        ],
                        default="registered",
                        max_length=10,
                    ),
                ),
                ("guests", models.PositiveSmallIntegerField(default=0, verbose_name="guests")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("manual", "By hand"),
                            ("api", "The brand's app"),
                            ("door", "At the door"),
                        ],
                        max_length=6,
                    ),
                ),
                ("registered_at", models.DateTimeField()),
                ("checked_in_at", models.DateTimeField(null=True)),
                ("cancelled_at", models.DateTimeField(null=True)),
                ("brand", of("core.brand")),
                ("event", of("events.event", related_name="registrations")),
                ("member", of("members.member")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["brand", "event", "-id"], name="events_registration_of_event"),
                    models.Index(
                        fields=["brand", "member", "-registered_at", "-id"],
                        name="events_registration_of_member",
                    ),
                    models.Index(
                        condition=models.Q(("state", "checked_in")),
                        fields=["brand", "member", "-checked_in_at", "-id"],
                        name="events_checkin_of_member",
                    ),
                    models.Index(
                        condition=models.Q(("state", "cancelled")),
                        fields=["brand", "member", "-cancelled_at", "-id"],
                        name="events_cancel_of_member",
                    ),
                    models.Index(
                        condition=models.Q(("state", "checked_in")),
                        fields=["brand", "checked_in_at"],
                        include=("member", "event"),
                        name="events_checkin_in_time",
                    ),
                    models.Index(
                        condition=models.Q(("state", "registered")),
                        fields=["brand", "member", "event"],
                        name="events_open_of_member",
                    ),
                    models.Index(
                        condition=models.Q(("state", "registered")),
                        fields=["brand", "event", "member"],
                        name="events_registration_open",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("brand", "event", "member"), name="events_registration_one_each"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("cancelled_at", None),
                                ("checked_in_at", None),
                                ("state", "registered"),
                            ),
                            models.Q(
                                ("cancelled_at", None),
                                ("checked_in_at__isnull", False),
                                ("state", "checked_in"),
                            ),
                            models.Q(
                                ("cancelled_at__isnull", False),
                                ("checked_in_at", None),
                                ("state", "cancelled"),
                            ),
                            _connector="OR",
                        ),
                        name="events_registration_told_by_times",
                    ),
                ],
            },
        ),
        enable_rls(*TABLES),
        *(tie_to_brand(*tie) for tie in TIES),
        *keep_count(
            child="events_registration",
            key="event_id",
            weight="1 + guests",
            counts="state <> 'cancelled'",
            parent="events_event",
            column="taken",
            app="events",
        ),
        touch_members("events_registration"),
        migrations.RunSQL(TOUCH_ALL, UNTOUCH_ALL),
    ]
