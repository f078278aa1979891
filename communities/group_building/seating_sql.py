"""The statements of one applying step. Every value is a parameter; brand first, always."""

BATCH_END = """
    SELECT group_no, member_id FROM (
        SELECT group_no, member_id FROM communities_buildcandidate
        WHERE brand_id = %(brand)s AND run_id = %(run)s
            AND (group_no, member_id) > (%(from_group)s, %(from_member)s)
            AND group_no <= %(most_group)s
        ORDER BY group_no, member_id LIMIT %(limit)s
    ) AS batch ORDER BY group_no DESC, member_id DESC LIMIT 1
"""
# The laterals keep to one index entry per person: joining would read whole tables at every step,
# and a join inside of one could start from all communities instead of the person's few seats.
# In the order of members, neighbours find each other's index pages still at hand.
QUEUE = """
    CREATE TEMP TABLE build_queue ON COMMIT DROP AS
    SELECT checked.*, row_number() OVER (
        PARTITION BY group_no, exclusion ORDER BY member_id) AS place
    FROM (
        SELECT batch.group_no, batch.member_id, CASE
            WHEN NOT target.is_open THEN 'closed'
            WHEN inside.yes THEN 'inside'
            WHEN consent.yes IS NULL THEN 'no_consent'
            ELSE '' END AS exclusion
        FROM (
            SELECT group_no, member_id FROM communities_buildcandidate
            WHERE brand_id = %(brand)s AND run_id = %(run)s
                AND (group_no, member_id) > (%(from_group)s, %(from_member)s)
                AND (group_no, member_id) <= (%(to_group)s, %(to_member)s)
            ORDER BY member_id OFFSET 0
        ) AS batch
        JOIN unnest(%(groups)s::int[], %(communities)s::bigint[], %(open)s::bool[])
            AS target (group_no, community_id, is_open) ON target.group_no = batch.group_no
        LEFT JOIN LATERAL (
            SELECT true AS yes FROM members_consent AS given
            WHERE given.brand_id = %(brand)s AND given.member_id = batch.member_id
                AND given.purpose = 'community' AND given.withdrawn_at IS NULL LIMIT 1
        ) AS consent ON true
        LEFT JOIN LATERAL (
            SELECT true AS yes FROM communities_membership AS seat
            WHERE seat.brand_id = %(brand)s AND seat.member_id = batch.member_id
                AND seat.left_at IS NULL
                AND (seat.community_id = target.community_id OR (
                    SELECT {inside} FROM communities_community AS home
                    WHERE home.brand_id = seat.brand_id AND home.id = seat.community_id))
            LIMIT 1
        ) AS inside ON true
    ) AS checked
"""
COUNTS = "SELECT group_no, exclusion, count(*) FROM build_queue GROUP BY 1, 2 ORDER BY 1, 2"
# One row per seat on both sides, matched by place. Somebody who joined by another way between
# the check and now keeps that seat.
SEAT = """
    WITH placed AS (
        INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role,
            source, placement, build_run_id, joined_at, read_seq)
        SELECT %(brand)s, seat.community_id, seat.room_id, queue.member_id, 'member', 'build',
            seat.placement, %(run)s, %(now)s, seat.read_seq
        FROM build_queue AS queue
        JOIN (
            SELECT span.*, place
            FROM unnest(%(groups)s::int[], %(communities)s::bigint[], %(rooms)s::bigint[],
                %(firsts)s::bigint[], %(lasts)s::bigint[], %(placements)s::text[],
                %(read_seqs)s::bigint[])
                AS span (group_no, community_id, room_id, first, last, placement, read_seq)
            CROSS JOIN LATERAL generate_series(span.first, span.last) AS place
        ) AS seat ON seat.group_no = queue.group_no AND seat.place = queue.place
        WHERE queue.exclusion = ''
        ORDER BY queue.group_no, queue.place
        ON CONFLICT (brand_id, community_id, member_id) WHERE left_at IS NULL DO NOTHING
        RETURNING community_id, member_id, placement
    )
    SELECT community_id, placement, count(*) FROM placed GROUP BY 1, 2
"""
OUTRUN = """
    UPDATE build_queue AS queue SET exclusion = 'inside' WHERE exclusion = '' AND NOT EXISTS (
        SELECT FROM communities_membership AS seat
        WHERE seat.brand_id = %(brand)s AND seat.member_id = queue.member_id
            AND seat.build_run_id = %(run)s AND seat.left_at IS NULL)
"""
LEFT_OUT = """
    UPDATE communities_buildcandidate AS candidate SET exclusion = queue.exclusion
    FROM build_queue AS queue
    WHERE candidate.brand_id = %(brand)s AND candidate.run_id = %(run)s
        AND (candidate.group_no, candidate.member_id) > (%(from_group)s, %(from_member)s)
        AND (candidate.group_no, candidate.member_id) <= (%(to_group)s, %(to_member)s)
        AND candidate.group_no = queue.group_no AND candidate.member_id = queue.member_id
        AND queue.exclusion <> ''
"""
DROPPED = "SELECT exclusion, count(*) FROM build_queue WHERE exclusion <> '' GROUP BY 1"
TELL_GROUPS = """
    UPDATE communities_buildgroup AS built
    SET placed_count = coalesce(built.placed_count, 0) + told.placed,
        community_id = told.community_id
    FROM unnest(%(groups)s::int[], %(communities)s::bigint[], %(placed)s::int[])
        AS told (group_no, community_id, placed)
    WHERE built.brand_id = %(brand)s AND built.run_id = %(run)s
        AND built.group_no = told.group_no
"""
