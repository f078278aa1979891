"""What must hold of tags and of who has them."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: nobody has two tags of a group that allows one",
        """
        SELECT held.member_id, tag.group_id, count(*) FROM members_membertag held
        JOIN members_tag tag ON tag.brand_id = held.brand_id AND tag.id = held.tag_id
        JOIN members_taggroup kind ON kind.brand_id = tag.brand_id AND kind.id = tag.group_id
        WHERE held.brand_id = %(brand_id)s AND kind.is_exclusive
        GROUP BY held.member_id, tag.group_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "members: no rule gave a tag that somebody took off by hand",
        """
        SELECT held.member_id, held.tag_id FROM members_membertag held
        JOIN members_tagblock block USING (brand_id, tag_id, member_id)
        WHERE held.brand_id = %(brand_id)s AND held.source = 'rule'
        """,
    ),
    Invariant(
        "members: a tag from a rule belongs to a tag that has a rule",
        """
        SELECT DISTINCT held.tag_id FROM members_membertag held
        WHERE held.brand_id = %(brand_id)s AND held.source = 'rule' AND NOT EXISTS (
            SELECT FROM members_tagrule rule
            WHERE rule.brand_id = held.brand_id AND rule.tag_id = held.tag_id
        )
        """,
    ),
    Invariant(
        "members: a tag's count is how many have it",
        """
        SELECT tag.id, tag.member_count, coalesce(counted.people, 0) FROM members_tag tag
        LEFT JOIN (
            SELECT held.tag_id, count(*) AS people FROM members_membertag held
            WHERE held.brand_id = %(brand_id)s GROUP BY held.tag_id
        ) AS counted ON counted.tag_id = tag.id
        WHERE tag.brand_id = %(brand_id)s AND tag.member_count <> coalesce(counted.people, 0)
        """,
    ),
    Invariant(
        "members: what an act did with a tag is the sum of its batches",
        """
        SELECT change.id, change.people, sum(batch.people), sum(cardinality(batch.member_ids))
        FROM members_tagchange change
        LEFT JOIN members_tagchangebatch batch
            ON batch.brand_id = change.brand_id AND batch.change_id = change.id
        WHERE change.brand_id = %(brand_id)s GROUP BY change.id
        HAVING change.people <> coalesce(sum(batch.people), 0)
            OR change.people <> coalesce(sum(cardinality(batch.member_ids)), 0)
            OR bool_or(batch.bucket <> batch.member_ids[1] / 1024)
        """,
    ),
    Invariant(
        "members: no tag stays five minutes past its end",
        """
        SELECT held.tag_id, held.member_id FROM members_membertag held
        WHERE held.brand_id = %(brand_id)s AND held.expires_at < now() - interval '5 minutes'
        """,
    ),
    Invariant(
        "members: whoever is in a stage with a start did not start in the future",
        """
        SELECT id FROM members_member
        WHERE brand_id = %(brand_id)s AND stage_since > current_date + 1
        """,
    ),
)
