"""Consents given and withdrawn, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.privacy.models import Consent, PastConsent
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
    """Tell what a member agreed to and took back. Nobody answers more than a few times."""
    mine = {"brand_id": member.brand_id, "member_id": member.pk}
    rows: list[tuple[Consent | PastConsent, int]] = [
        *((row, 0) for row in Consent.objects.filter(**mine)),
        *((row, 2) for row in PastConsent.objects.filter(**mine)),
    ]
    told = (one for row, first in rows for one in _told(row, first))
    return rules.newest(told, before=before, limit=limit)


def _told(row: Consent | PastConsent, first: int) -> Iterator[Entry]:
    detail = " · ".join(part for part in (row.evidence, row.version) if part)
    names = {"purpose": row.get_purpose_display()}
    agreed = _("Agreed to: %(purpose)s") % names
    yield _entry(row, row.given_at, first, "consent.given", agreed, detail)
    if row.withdrawn_at is not None:
        withdrew = _("Withdrew the consent to: %(purpose)s") % names
        why = row.withdrawn_evidence
        yield _entry(row, row.withdrawn_at, first + 1, "consent.withdrawn", withdrew, why)


def _entry(
    row: Consent | PastConsent, at: datetime, number: int, what: str, text: str, detail: str
) -> Entry:
    return Entry(
        at,
        CONSENT,
        rules.key_of(row.pk, number, 4),
        what,
        text,
        detail,
        tone="bad" if number % 2 else "ok",
        data={"purpose": row.purpose, "version": row.version},
    )


SOURCES = {
    CONSENT: TimelineSource(
        gettext_lazy("Consents"),
        "shield",
        consents,
        order=70,
        tells=frozenset({"consent.given", "consent.withdrawn"}),
    )
}
