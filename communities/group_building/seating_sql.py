"""The statements of one applying step. Every value is a parameter; brand first, always."""

# The last batch of the step: it begins within the limit, so that every step takes one at least.
BATCH_END = """
    SELECT group_no, last_member FROM (
        SELECT group_no, last_member, sum(people) OVER (ORDER BY group_no, first_member) - people
            AS people_before
        FROM communities_candidatebatch
        WHERE brand_id = %(brand)s AND run_id = %(run)s AND exclusion = ''
            AND (group_no, first_member) > (%(from_group)s, %(from_member)s)
            AND group_no <= %(most_group)s
        ORDER BY group_no, first_member LIMIT %(limit)s
    ) AS batch
    WHERE people_before < %(limit)s ORDER BY group_no DESC, last_member DESC LIMIT 1
"""
# A statement of its own: the next one sees what whoever was before us committed.
ONE_OF_A_KIND = "SELECT pg_advisory_xact_lock(hashtextextended('build ' || %(kind)s, %(brand)s))"
# In the order of members, so that the checks below walk along their indexes.
BATCH = """
    CREATE TEMP TABLE build_batch ON COMMIT DROP AS
    SELECT target.*, member_id
    FROM communities_candidatebatch AS batch
    JOIN unnest(%(groups)s::int[], %(communities)s::bigint[], %(open)s::bool[])
        AS target (group_no, community_id, is_open) USING (group_no)
    CROSS JOIN LATERAL unnest(batch.member_ids) AS member_id
    WHERE brand_id = %(brand)s AND run_id = %(run)s AND exclusion = ''
        AND (group_no, first_member) > (%(from_group)s, %(from_member)s)
        AND (group_no, first_member) <= (%(to_group)s, %(to_member)s)
    ORDER BY member_id
"""
# One list of numbers keeps each check to the entries of this step's people: a join could read the
# whole index of a brand at every step, or start from all communities.
QUEUE = """
    CREATE TEMP TABLE build_queue ON COMMIT DROP AS
    SELECT batch.group_no, batch.member_id, CASE
        WHEN NOT batch.is_open THEN 'closed'
        WHEN inside.member_id IS NOT NULL THEN 'inside'
        WHEN consent.member_id IS NULL THEN 'no_consent'
        ELSE '' END AS exclusion
    FROM build_batch AS batch
    LEFT JOIN (
        SELECT member_id FROM members_consent
        WHERE brand_id = %(brand)s AND purpose = 'community' AND withdrawn_at IS NULL
            AND member_id = ANY(ARRAY(SELECT member_id FROM build_batch))
    ) AS consent USING (member_id)
    LEFT JOIN (
        SELECT DISTINCT seat.member_id
        FROM communities_membership AS seat
        JOIN build_batch AS asked USING (member_id)
        JOIN communities_community AS home
            ON home.brand_id = seat.brand_id AND home.id = seat.community_id
        WHERE seat.brand_id = %(brand)s AND seat.left_at IS NULL
            AND seat.member_id = ANY(ARRAY(SELECT member_id FROM build_batch))
            AND (seat.community_id = asked.community_id OR {inside})
    ) AS inside USING (member_id)
"""
COUNTS = "SELECT group_no, exclusion, count(*) FROM build_queue GROUP BY 1, 2 ORDER BY 1, 2"
# The people of a step are one row of places, and each room takes the places from its first on: a
# search in the list of firsts finds it, where a join would need a row per seat. No conflict is
# looked for: the communities were locked before the queue was checked, and whoever gives a seat
# locks the community first.
SEAT = """
    INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role,
        source, placement, build_run_id, joined_at, read_seq)
    SELECT %(brand)s, span.community_id, span.room_id, queue.member_id, 'member', 'build',
        span.placement, %(run)s, %(now)s, span.read_seq
    FROM (
        SELECT member_id, row_number() OVER (ORDER BY group_no, member_id) AS place
        FROM build_queue WHERE exclusion = ''
    ) AS queue
    JOIN unnest(%(communities)s::bigint[], %(rooms)s::bigint[], %(placements)s::text[],
        %(read_seqs)s::bigint[]) WITH ORDINALITY
        AS span (community_id, room_id, placement, read_seq, number)
        ON span.number = width_bucket(queue.place, %(firsts)s::bigint[])
    ORDER BY queue.place
"""
# They keep their group in the plan; the reason stands beside it.
LEFT_OUT = """
    INSERT INTO communities_candidatebatch (brand_id, run_id, exclusion, group_no, first_member,
        last_member, people, member_ids)
    SELECT %(brand)s, %(run)s, exclusion, group_no, min(member_id), max(member_id), count(*),
        array_agg(member_id ORDER BY member_id)
    FROM build_queue WHERE exclusion <> '' GROUP BY exclusion, group_no
"""
TELL_GROUPS = """
    UPDATE communities_buildgroup AS built
    SET placed_count = coalesce(built.placed_count, 0) + told.placed,
        community_id = told.community_id
    FROM unnest(%(groups)s::int[], %(communities)s::bigint[], %(placed)s::int[])
        AS told (group_no, community_id, placed)
    WHERE built.brand_id = %(brand)s AND built.run_id = %(run)s
        AND built.group_no = told.group_no
"""
