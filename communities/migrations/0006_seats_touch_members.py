"""Whoever takes or leaves a seat, or reads on, is looked at anew by live segments."""

from django.db import migrations

from members.live.touching import touch_members


class Migration(migrations.Migration):
    dependencies = [
        ("communities", "0005_candidate_batches"),
        ("members", "0004_segment_snapshots"),
    ]
    operations = [touch_members("communities_membership")]
