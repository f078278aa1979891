"""Where communities may name somebody: in their own names."""

from __future__ import annotations

from communities.communities.models import Community
from members.erasure.services import texts_of

SEARCHES = (
    texts_of(
        model=Community, columns=("name", "topic", "group_key", "room_name_template"), names=False
    ),
)
