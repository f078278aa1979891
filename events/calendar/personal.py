"""Where events may name somebody: in their own names and places."""

from __future__ import annotations

from events.calendar.models import Event
from members.erasure.services import texts_of

SEARCHES = (texts_of(model=Event, columns=("name", "venue", "external_no"), names=False),)
