"""The session engine of SESSION_ENGINE: Django's database sessions, with their owner on the row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from core.kernel.access import MUST_CHANGE_PASSWORD

if TYPE_CHECKING:
    from core.staff.models import StaffSession

__all__ = ["IP_ADDRESS", "MUST_CHANGE_PASSWORD", "SIGNED_IN_AT", "USER_AGENT", "SessionStore"]

IP_ADDRESS, USER_AGENT, SIGNED_IN_AT = "ip_address", "user_agent", "signed_in_at"


class SessionStore(DatabaseStore):
    """Adds whose session it is, and from where, so that a person can see and end it."""

    seen_at: datetime | None = None  # of the row that was loaded

    @classmethod
    def get_model_class(cls) -> type[StaffSession]:
        """Return the table of sessions."""
        from core.staff.models import StaffSession  # noqa: PLC0415  (models import us)

        return StaffSession

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        self.seen_at = row.seen_at if row else None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> StaffSession:
        """Fill the owner and origin columns from what sign-in left in the session."""
        now = datetime.now(UTC)
        data.setdefault(SIGNED_IN_AT, now.isoformat())
        session = cast("StaffSession", super().create_model_instance(data))
        staff_id = data.get(SESSION_KEY)
        session.staff_id = int(staff_id) if staff_id else None
        session.ip_address = data.get(IP_ADDRESS)
        session.user_agent = str(data.get(USER_AGENT, ""))[:200]
        session.created_at = datetime.fromisoformat(data[SIGNED_IN_AT])
        session.seen_at = now
        return session
