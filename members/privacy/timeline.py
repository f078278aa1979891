"""Consents given and withdrawn, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.privacy.models import Consent
from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

CONSENT = "consent"


def consents(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell what a member agreed to and took back. There is one row for each purpose."""
    rows = Consent.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    return rules.newest((one for row in rows for one in _told(row)), before=before, limit=limit)


def _told(row: Consent) -> Iterator[Entry]:
    detail = " · ".join(part for part in (row.evidence, row.version) if part)
    names = {"purpose": row.get_purpose_display()}
    agreed = _("Agreed to: %(purpose)s") % names
    yield _entry(row, row.given_at, 0, "consent.given", agreed, detail)
    if row.withdrawn_at is not None:
        withdrew = _("Withdrew the consent to: %(purpose)s") % names
        yield _entry(row, row.withdrawn_at, 1, "consent.withdrawn", withdrew, "")


def _entry(row: Consent, at: datetime, number: int, what: str, text: str, detail: str) -> Entry:
    return Entry(
        at,
        CONSENT,
        rules.key_of(row.pk, number, 2),
        what,
        text,
        detail,
        tone="bad" if number else "ok",
        data={"purpose": row.purpose, "version": row.version},
    )


SOURCES = {CONSENT: TimelineSource(gettext_lazy("Consents"), "shield", consents, order=70)}
