"""Rooms by the thousand, and the counting of what reached them."""

from dataclasses import dataclass

SEED = """
    INSERT INTO core_brand (code, name, created_at) VALUES (%(code)s, '远航汽车', now())
    RETURNING id
"""
FILL = """
    WITH community AS (
        INSERT INTO communities_community (brand_id, kind, name, topic, state, group_key,
            room_name_template, room_cap, created_at, version)
        VALUES (%(brand)s, 'service', '同城', '', 'active', '', '{n}', 200, now(), 1)
        RETURNING id
    ), room AS (
        INSERT INTO communities_room (brand_id, community_id, number, name, channel, state, cap,
            member_count, last_seq, created_at)
        SELECT %(brand)s, community.id, n, '群 ' || n, 'in_app', 'open', 200, 0, 0, now()
        FROM community, generate_series(1, %(rooms)s) AS n RETURNING id, community_id, number
    ), member AS (
        INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender,
            stage, source, created_at, updated_at, version)
        SELECT %(brand)s, '车主 ' || n, '', '', '', 'growth', 'demo', now(), now(), 1
        FROM generate_series(1, %(rooms)s) AS n RETURNING id
    )
    SELECT room.community_id, room.id, numbered.id FROM room
    JOIN (SELECT id, row_number() OVER () AS n FROM member) AS numbered ON numbered.n = room.number
"""
SEATS = """
    INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role, source,
        placement, joined_at, read_seq)
    SELECT %(brand)s, seat.community_id, seat.room_id, seat.member_id, 'member', 'manual', '',
        now(), 0
    FROM unnest(%(communities)s::bigint[], %(rooms)s::bigint[], %(members)s::bigint[])
        AS seat (community_id, room_id, member_id)
"""
SEEDED = ["communities_community", "communities_room", "communities_membership", "members_member"]
CONFIRM = """
from django.utils import timezone
from communities.broadcasts import services
from communities.broadcasts.drafts import Draft
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
actor, now = system_viewer({brand}), timezone.now()
with tenant({brand}):
    draft = Draft(name="冬季保养季", purpose="service", body="{{群名}}，降温了")
    row = services.save_draft(draft=draft, actor=actor, now=now)
print(row.pk, services.confirm(broadcast_id=row.pk, actor=actor, now=now).rooms)
"""


def brand_with_rooms(product, code, rooms):
    """Make a brand with so many rooms, a member in each; return its id."""
    with product.cursor() as cursor:
        cursor.execute(SEED, {"code": code})
        [brand] = cursor.fetchone()
    with product.cursor(brand) as cursor:
        cursor.execute(FILL, {"brand": brand, "rooms": rooms})
        communities, room_ids, members = zip(*cursor.fetchall(), strict=True)
        cursor.execute(
            SEATS,
            {
                "brand": brand,
                "communities": list(communities),
                "rooms": list(room_ids),
                "members": list(members),
            },
        )
        # What autovacuum does in a while; here it is off.
        cursor.execute(f"ANALYZE {', '.join(SEEDED)}")
    return brand


def confirm_broadcast(product, brand):
    """Write and confirm a broadcast to every room of the brand; return its id."""
    broadcast, rooms = product.run(CONFIRM.format(brand=brand)).split()[-2:]
    assert int(rooms) > 0
    return int(broadcast)


@dataclass(frozen=True)
class Tally:
    """What became of the brand's broadcasts, counted in the rooms and not in our own notes."""

    rooms: int
    duplicates: int
    left_out: int
    not_sent: int
    gaps: int
    broken: int


def tally(product, brand):
    """Count on what the rooms hold."""

    def count(sql):
        return product.one(brand, f"SELECT count(*) FROM {sql}")

    return Tally(
        rooms=count("communities_room"),
        duplicates=count(
            "(SELECT room_id FROM communities_roommessage GROUP BY room_id, body"
            " HAVING count(*) > 1) AS twice"
        ),
        left_out=count(
            "communities_room AS room WHERE NOT EXISTS (SELECT FROM communities_roommessage AS m"
            " WHERE m.brand_id = room.brand_id AND m.room_id = room.id)"
        ),
        not_sent=count("communities_delivery WHERE state <> 'sent'"),
        gaps=count(
            "communities_room AS room WHERE last_seq <> (SELECT count(*)"
            " FROM communities_roommessage AS m"
            " WHERE m.brand_id = room.brand_id AND m.room_id = room.id)"
        ),
        broken=count(
            "communities_delivery AS d LEFT JOIN communities_roommessage AS m"
            " ON m.brand_id = d.brand_id AND m.room_id = d.room_id AND m.seq = d.message_seq"
            " WHERE d.state = 'sent' AND m.dedupe_key IS DISTINCT FROM"
            " format('broadcast:%s/%s', d.broadcast_id, d.room_id)"
        ),
    )
