"""What live segments keep about a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.live.models import LiveMember, LiveSegment, TouchedMember

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked, Erasing

HOLD = "SELECT FROM members_livesegment WHERE brand_id = %(brand)s ORDER BY id FOR NO KEY UPDATE"
# By the key of each live segment: there is no index by member, and none is needed.
LEAVE = """
WITH gone AS (
    DELETE FROM members_livemember WHERE brand_id = %(brand)s AND segment_id IN (
        SELECT live.segment_id FROM members_livesegment AS live WHERE live.brand_id = %(brand)s
    ) AND member_id = ANY(%(ids)s::bigint[])
    RETURNING segment_id
), less AS (SELECT segment_id, count(*) AS people FROM gone GROUP BY segment_id)
UPDATE members_livesegment AS live SET member_count = live.member_count - less.people
FROM less WHERE live.brand_id = %(brand)s AND live.segment_id = less.segment_id
"""
TELL = """
SELECT segment.name FROM members_livesegment AS live
JOIN members_segment AS segment
    ON segment.brand_id = live.brand_id AND segment.id = live.segment_id
JOIN members_livemember AS held ON held.brand_id = live.brand_id
    AND held.segment_id = live.segment_id AND held.member_id = %s
WHERE live.brand_id = %s ORDER BY segment.name
"""


def _erase(erasing: Erasing) -> None:
    with connection.cursor() as cursor:
        for sql in (HOLD, LEAVE):
            cursor.execute(sql, erasing.params)


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(TELL, [asked.member_id, asked.brand_id])
        for (name,) in cursor.fetchall():
            yield {"segment": name}


HOLDINGS = (
    Holding(
        model=LiveMember,
        label=_("Live segments"),
        erase=_erase,
        tell=_tell,
        fields={"segment": _("Segment")},
    ),
    Holding(
        model=TouchedMember,
        label=_("Live segments"),
        kept=_("A number that waits a minute for the segments to be brought up to date."),
        untold="Says only that something changed a moment ago.",
    ),
)
IMPERSONAL = {LiveSegment: "Which segments are kept up to date, and how many people they hold."}
