"""Indexes by which everything is found that names a member who is to be deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0007_timeline")]
    operations = [
        migrations.AddIndex(
            "candidatebatch",
            models.Index(
                fields=["brand", "first_member", "last_member"],
                name="communities_candidate_span",
            ),
        ),
        migrations.AddIndex(
            "roommessage",
            models.Index(
                fields=["brand", "sender_id"],
                condition=models.Q(sender="member"),
                name="communities_message_of_member",
            ),
        ),
    ]
