"""Where rooms may name somebody: in their own names."""

from __future__ import annotations

from communities.rooms.models import Room
from members.erasure.services import texts_of

SEARCHES = (texts_of(model=Room, columns=("name",), names=False),)
