"""Let the database count who is in a room, so that no code path can fill it beyond its cap.

The triggers fire once a statement, whatever its size: one update per room touched, locked in the
order of room ids, so that two statements over the same rooms cannot deadlock. The check
constraint on the room then refuses the whole statement that would overfill it. The lock is the
one that an UPDATE takes, so that counting people never waits for a message that names the room in
a foreign key.
"""

from django.db import migrations

TAKEN = "SELECT brand_id, room_id, 1 AS delta FROM arrived WHERE left_at IS NULL"
FREED = "SELECT brand_id, room_id, -1 AS delta FROM departed WHERE left_at IS NULL"
OLD, NEW = "OLD TABLE AS departed", "NEW TABLE AS arrived"
TRIGGERS = {
    "arrivals": ("INSERT", NEW, TAKEN),
    "departures": ("DELETE", OLD, FREED),
    "moves": ("UPDATE", f"{OLD} {NEW}", f"{TAKEN} UNION ALL {FREED}"),
}


def forward(name, event, tables, seats):
    return f"""
    CREATE FUNCTION communities_count_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        WITH change AS (
            SELECT brand_id, room_id, sum(delta) AS delta FROM ({seats}) AS seat
            GROUP BY brand_id, room_id HAVING sum(delta) <> 0
        ), locked AS MATERIALIZED (
            SELECT room.id, room.brand_id, change.delta
            FROM communities_room AS room
            JOIN change ON change.brand_id = room.brand_id AND change.room_id = room.id
            ORDER BY room.id FOR NO KEY UPDATE OF room
        )
        UPDATE communities_room AS room SET member_count = room.member_count + locked.delta
        FROM locked WHERE room.brand_id = locked.brand_id AND room.id = locked.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER communities_membership_{name} AFTER {event} ON communities_membership
        REFERENCING {tables}
        FOR EACH STATEMENT EXECUTE FUNCTION communities_count_{name}();
    """


def backward(name):
    return f"""
    DROP TRIGGER communities_membership_{name} ON communities_membership;
    DROP FUNCTION communities_count_{name}();
    """


class Migration(migrations.Migration):
    dependencies = [("communities", "0002_tenancy")]
    operations = [
        migrations.RunSQL(forward(name, *parts), backward(name)) for name, parts in TRIGGERS.items()
    ]
