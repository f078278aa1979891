from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from members.privacy.models import Consent, ConsentText, PastConsent, Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandQuerySet
    from members.profiles.models import Member


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands to one purpose: the newest answer, and what is asked for now."""

    purpose: str
    label: str
    consent: Consent | None
    text: ConsentText | None
    is_to_renew: bool

    @property
    def is_given(self) -> bool:
        """Whether the member agrees now."""
        return self.consent is not None and self.consent.withdrawn_at is None


def current_text(*, brand_id: int, purpose: str, now: datetime) -> ConsentText | None:
    """Return the version in force."""
    texts = ConsentText.objects.filter(brand_id=brand_id, purpose=purpose, effective_from__lte=now)
    return texts.order_by("-effective_from").first()


def texts(*, viewer: Viewer) -> BrandQuerySet[ConsentText]:
    """Return every version, those of one purpose together, the newest first."""
    rows = ConsentText.objects.visible_to(viewer)
    return rows.order_by("purpose", "-effective_from")


def standings(*, member: Member, now: datetime) -> list[Standing]:
    """Return how a member stands to every purpose: two queries."""
    given = {
        row.purpose: row
        for row in Consent.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    }
    rows = ConsentText.objects.filter(brand_id=member.brand_id, effective_from__lte=now)
    by_purpose: dict[str, list[ConsentText]] = {}
    for text in rows.order_by("-effective_from"):
        by_purpose.setdefault(text.purpose, []).append(text)
    return [
        Standing(
            purpose=purpose,
            label=str(label),
            consent=given.get(purpose),
            text=next(iter(by_purpose.get(purpose, [])), None),
            is_to_renew=_is_to_renew(given.get(purpose), by_purpose.get(purpose, [])),
        )
        for purpose, label in Purpose.choices
    ]


def _is_to_renew(consent: Consent | None, newest_first: list[ConsentText]) -> bool:
    """Whether a version came into force after the one agreed to that asks everybody again."""
    if consent is None or consent.withdrawn_at is not None:
        return False
    for text in newest_first:
        if text.version == consent.version:
            return False
        if text.needs_renewal and text.effective_from > consent.given_at:
            return True
    return False


def past(*, member: Member, limit: int) -> list[PastConsent]:
    """Return the answers before the newest ones, the last replaced first."""
    rows = PastConsent.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    return list(rows.order_by("-id")[:limit])
