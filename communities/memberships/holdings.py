"""Seats, when two members become one: in one community they keep one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.merging.ports import Clash, MovedRows

# Who leads goes on leading, whichever of the two it was.
RANK = "array_position(ARRAY['owner', 'president', 'admin', 'member'], {}.role::text)"
SEATS = MovedRows(
    table="communities_membership",
    label=_("Seats in communities"),
    clashes=(
        Clash(
            together="l.community_id = w.community_id AND l.left_at IS NULL AND w.left_at IS NULL",
            loser_stays=f"{RANK.format('l')} < {RANK.format('w')}",
            words=_("Both have a seat in one community: the one with the higher role stays."),
            closed_by={"left_at": "%(now)s"},
            may_reopen="""
                EXISTS (
                    SELECT FROM communities_community AS home
                    WHERE home.brand_id = t.brand_id AND home.id = t.community_id
                      AND home.state <> 'archived'
                )
            """,
        ),
    ),
)
