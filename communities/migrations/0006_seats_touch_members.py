"""Whoever takes or leaves a seat, or reads on, is looked at anew by live segments.

The function stands in ``members``; a mark is left only where a brand has a live segment.
"""

from django.db import migrations

EVENTS = {
    "arrived": ("INSERT", "NEW"),
    "departed": ("DELETE", "OLD"),
    "became": ("UPDATE", "NEW"),
    "was": ("UPDATE", "OLD"),
}


def forward(name, event, state):
    return f"""
    CREATE TRIGGER members_touch_{name} AFTER {event} ON communities_membership
        REFERENCING {state} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION members_touch('member_id');
    """


class Migration(migrations.Migration):
    dependencies = [
        ("communities", "0005_candidate_batches"),
        ("members", "0004_segment_snapshots"),
    ]
    operations = [
        migrations.RunSQL(
            forward(name, *parts), f"DROP TRIGGER members_touch_{name} ON communities_membership"
        )
        for name, parts in EVENTS.items()
    ]
