"""What happened to a member is read in the order of time, a page at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0008_custom_fields")]
    operations = [
        migrations.AddIndex(
            "tagchangebatch",
            models.Index(
                fields=["brand", "bucket", "-at", "-id"], name="members_tagchangebatch_time"
            ),
        ),
        # Ends in the key, so that orders of one moment need no sorting.
        migrations.RemoveIndex("order", "members_order_by_member"),
        migrations.AddIndex(
            "order",
            models.Index(
                fields=["brand", "member", "-ordered_at", "-id"],
                include=["amount_fen"],
                name="members_order_by_member",
            ),
        ),
    ]
