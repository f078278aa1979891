"""Where conditions may name somebody: by a customer number, say."""

from __future__ import annotations

from members.erasure.services import texts_of
from members.segments.models import Segment

SEARCHES = (texts_of(model=Segment, columns=("name", "description", "tree"), names=False),)
