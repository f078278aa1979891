from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, Forbidden, InvalidInput
from members.privacy.models import Consent, ConsentText, PastConsent, Purpose
from members.privacy.selectors import current_text
from members.profiles.models import Member

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

LONGEST_BODY, LONGEST_EVIDENCE = 5000, 160
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,15}").fullmatch
_KEPT = ("purpose", "version", "given_at", "withdrawn_at", "evidence", "withdrawn_evidence")


class NoText(DomainError):
    """There is nothing to agree to: the brand has no text in force for the purpose."""

    code = "no_consent_text"


class NotGiven(DomainError):
    """There is no consent that could be withdrawn."""

    code = "consent_not_given"


@transaction.atomic
def add_text(
    *,
    purpose: str,
    version: str,
    body: str,
    effective_from: datetime,
    needs_renewal: bool,
    actor: Viewer,
    now: datetime,
) -> ConsentText:
    """Add the next version of a text. It cannot be changed afterwards, only followed by another.

    Raises:
        Forbidden: the actor may not edit the rules of privacy, or does not see the whole brand.
        InvalidInput: the version is taken or not a name, the text is empty, or a version in force
            from that time or later is there already.
    """
    actor.require(Permission.PRIVACY_EDIT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Only who sees the whole brand may change its rules."))
    if purpose not in Purpose.values:
        raise InvalidInput.on("/purpose", _("Choose one of the purposes."))
    if not _VERSION(version):
        text = _("Name the version in up to 16 letters, digits, dots or dashes, such as 2026-11.")
        raise InvalidInput.on("/version", text)
    if not 0 < len(body.strip()) <= LONGEST_BODY:
        raise InvalidInput.on("/body", _("Write down what people agree to."))
    mine = ConsentText.objects.filter(brand_id=actor.brand_id, purpose=purpose)
    if mine.filter(version=version).exists():
        raise InvalidInput.on("/version", _("There is a version of this name already."), "taken")
    if mine.filter(effective_from__gte=effective_from).exists():
        later = _("A version in force from then on or later exists; choose a later time.")
        raise InvalidInput.on("/effective_from", later)
    return _add(
        mine.model(
            brand_id=actor.brand_id,
            purpose=purpose,
            version=version,
            body=body.strip(),
            effective_from=effective_from,
            needs_renewal=needs_renewal,
            created_by_label=actor.label,
            created_at=now,
        ),
        actor,
        now,
    )


def _add(text: ConsentText, actor: Viewer, now: datetime) -> ConsentText:
    try:
        with transaction.atomic():
            text.save(force_insert=True)
    except IntegrityError as error:  # somebody was faster
        message = _("There is a version of this name already.")
        raise InvalidInput.on("/version", message, "taken") from error
    data = {"purpose": text.purpose, "version": text.version, "renewal": text.needs_renewal}
    audit.record(action="consent_text.added", subject=text, actor=actor, now=now, data=data)
    return text


@transaction.atomic
def give_consent(
    *,
    member: Member,
    purpose: str,
    evidence: str,
    actor: Viewer,
    now: datetime,
    version: str = "",
) -> Consent:
    """Keep that a member agreed to a text, and by what that is shown.

    Without ``version`` it is the one in force. An earlier answer is kept as a past one; agreeing
    again to what is agreed to already changes nothing.

    Raises:
        Forbidden: the actor may not edit members.
        InvalidInput: the purpose, version or evidence cannot be used.
        NoText: the brand has no text in force for the purpose.
    """
    actor.require(Permission.MEMBERS_EDIT)
    proof, text = _evidence(evidence), _text(member.brand_id, purpose, version, now)
    held = _held(member, purpose)
    if held is not None and held.withdrawn_at is None and held.version == text.version:
        return held
    if held is not None:
        PastConsent.objects.create(
            brand_id=held.brand_id, member_id=member.pk, **{n: getattr(held, n) for n in _KEPT}
        )
    consent = held or Consent(brand_id=member.brand_id, member_id=member.pk, purpose=purpose)
    consent.version, consent.given_at, consent.evidence = text.version, now, proof
    consent.withdrawn_at, consent.withdrawn_evidence = None, ""
    consent.save()
    data = {"purpose": purpose, "version": text.version}
    audit.record(action="consent.given", subject=member, actor=actor, now=now, data=data)
    return consent


@transaction.atomic
def withdraw_consent(
    *, member: Member, purpose: str, evidence: str, actor: Viewer, now: datetime
) -> Consent:
    """Keep that a member agrees no longer. Whoever asks after the commit finds it so.

    Withdrawing twice changes nothing.

    Raises:
        Forbidden: the actor may not edit members.
        InvalidInput: the evidence cannot be used.
        NotGiven: the member never agreed.
    """
    actor.require(Permission.MEMBERS_EDIT)
    proof, held = _evidence(evidence), _held(member, purpose)
    if held is None:
        raise NotGiven(_("This was never agreed to, so there is nothing to withdraw."))
    if held.withdrawn_at is not None:
        return held
    held.withdrawn_at, held.withdrawn_evidence = max(now, held.given_at), proof
    held.save(update_fields=["withdrawn_at", "withdrawn_evidence"])
    data = {"purpose": purpose, "version": held.version}
    audit.record(action="consent.withdrawn", subject=member, actor=actor, now=now, data=data)
    return held


def _held(member: Member, purpose: str) -> Consent | None:
    """Return the newest answer; the member's lock keeps two answers at once apart."""
    Member.objects.select_for_update().or_gone(pk=member.pk)
    rows = Consent.objects.filter(brand_id=member.brand_id, member_id=member.pk, purpose=purpose)
    return rows.select_for_update().first()


def _evidence(text: str) -> str:
    proof = " ".join(text.split())
    if not 0 < len(proof) <= LONGEST_EVIDENCE:
        raise InvalidInput.on("/evidence", _("Say where it is kept, in up to 160 characters."))
    return proof


def _text(brand_id: int, purpose: str, version: str, now: datetime) -> ConsentText:
    if purpose not in Purpose.values:
        raise InvalidInput.on("/purpose", _("Choose one of the purposes."))
    if not version:
        text = current_text(brand_id=brand_id, purpose=purpose, now=now)
        if text is None:
            raise NoText(_("The brand has no text in force for this. Add one under Consent texts."))
        return text
    found = ConsentText.objects.filter(
        brand_id=brand_id, purpose=purpose, version=version, effective_from__lte=now
    ).first()
    if found is None:
        raise InvalidInput.on("/version", _("There is no such version in force."))
    return found
