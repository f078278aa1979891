"""Row-level security, and children tied to parents of their own brand.

A seat has one key for two: its room belongs to the seat's own community and brand, and the room
is tied to the community itself. Candidates are plain numbers: a run writes millions of them.
"""

from django.db import migrations

from core.kernel.rls import enable_rls, tie_to_brand

TABLES = [
    "communities_communitypolicy",
    "communities_community",
    "communities_room",
    "communities_broadcast",
    "communities_delivery",
    "communities_roommessage",
    "communities_buildrule",
    "communities_buildrun",
    "communities_buildcandidate",
    "communities_buildgroup",
    "communities_membership",
]
TIES = [
    ("communities_community", "dealer_id", "core_dealer"),
    ("communities_room", "community_id", "communities_community"),
    ("communities_broadcast", "dealer_id", "core_dealer"),
    ("communities_delivery", "broadcast_id", "communities_broadcast"),
    ("communities_delivery", "room_id", "communities_room"),
    ("communities_roommessage", "room_id", "communities_room"),
    ("communities_buildrule", "segment_id", "members_segment"),
    ("communities_buildrun", "rule_id", "communities_buildrule"),
    ("communities_buildrun", "plan_task_id", "core_run"),
    ("communities_buildrun", "apply_task_id", "core_run"),
    ("communities_buildgroup", "run_id", "communities_buildrun"),
    ("communities_membership", "member_id", "members_member"),
]

SEAT_KEY = """
    CREATE UNIQUE INDEX communities_room_community_key
        ON communities_room (brand_id, community_id, id);
    ALTER TABLE communities_membership ADD CONSTRAINT communities_membership_seat_tie
        FOREIGN KEY (brand_id, community_id, room_id)
        REFERENCES communities_room (brand_id, community_id, id);
"""
SEAT_KEY_BACK = """
    ALTER TABLE communities_membership DROP CONSTRAINT communities_membership_seat_tie;
    DROP INDEX communities_room_community_key;
"""


class Migration(migrations.Migration):
    dependencies = [("communities", "0001_initial")]
    operations = [
        enable_rls(*TABLES),
        *(tie_to_brand(*tie) for tie in TIES),
        migrations.RunSQL(SEAT_KEY, SEAT_KEY_BACK),
    ]
