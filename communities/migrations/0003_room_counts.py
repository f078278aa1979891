"""Let the database count who is in a room, so that no code path can fill it beyond its cap.

The lock is the one that an UPDATE takes, so that counting people never waits for a message that
names the room in a foreign key.
"""

from django.db import migrations

from core.kernel.counting import keep_count


class Migration(migrations.Migration):
    dependencies = [("communities", "0002_tenancy")]
    operations = keep_count(
        child="communities_membership",
        key="room_id",
        weight="1",
        counts="left_at IS NULL",
        parent="communities_room",
        column="member_count",
        app="communities",
    )
