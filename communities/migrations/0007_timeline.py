"""What a member joined, left and was sent is read in the order of time, a page at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0006_seats_touch_members")]
    operations = [
        migrations.RemoveIndex("membership", "communities_seat_of_member"),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["brand", "member", "-joined_at", "-id"], name="communities_seat_of_member"
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                condition=models.Q(("left_at__isnull", False)),
                fields=["brand", "member", "-left_at", "-id"],
                name="communities_seat_left",
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=models.Q(("state", "sent")),
                fields=["brand", "room", "-settled_at", "-id"],
                name="communities_delivery_sent",
            ),
        ),
    ]
