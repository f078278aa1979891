"""Where broadcasts may name somebody: in their texts."""

from __future__ import annotations

from communities.broadcasts.models import Broadcast, Delivery
from members.erasure.services import texts_of

SEARCHES = (
    texts_of(
        model=Broadcast, columns=("name", "body", "link", "audience", "excluded"), names=False
    ),
)
IMPERSONAL = {Delivery: "A broadcast on its way to a room: numbers and times, nobody's."}
