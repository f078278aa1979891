"""The session engine of SESSION_ENGINE: Django's database sessions, with their owner on the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

if TYPE_CHECKING:
    from core.staff.models import StaffSession


class SessionStore(DatabaseStore):
    """Adds whose session it is, and from where, so that a person can see and end it."""

    @classmethod
    def get_model_class(cls) -> type[StaffSession]:  # type: ignore[override]
        """Return the table of sessions."""
        from core.staff.models import StaffSession  # noqa: PLC0415  (models import us)

        return StaffSession

    def create_model_instance(self, data: dict[str, Any]) -> StaffSession:  # type: ignore[override]
        """Fill the owner and origin columns from what sign-in left in the session."""
        session = super().create_model_instance(data)
        staff_id = data.get(SESSION_KEY)
        session.staff_id = int(staff_id) if staff_id else None
        session.ip_address = data.get("ip_address")
        session.user_agent = str(data.get("user_agent", ""))[:200]
        return session
