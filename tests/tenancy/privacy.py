"""Entries of what concerns a person's own data: consents, reveals, deletions, files about them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from core.kernel.scoping import tenant
from members.erasure.models import Erasure
from members.privacy.models import Consent, ConsentText
from members.subject_files.models import SubjectFile
from tests.factories.members import MemberFactory
from tests.tenancy.members import make_member, member
from tests.tenancy.samples import listing, pk, row

number = count(1)


def make_text(scope):
    """The text in force, made once for a brand."""
    with tenant(scope.brand.pk):
        return ConsentText.objects.get_or_create(
            brand=scope.brand,
            purpose="marketing",
            version="1",
            defaults={
                "body": f"{scope.brand_canary} text",
                "effective_from": timezone.now() - timedelta(days=9),
                "created_at": timezone.now(),
            },
        )[0]


def consent_text(scope):
    return {"text_id": make_text(scope).pk}


def consent(scope):
    of = make_member(scope)
    with tenant(scope.brand.pk):
        made = Consent.objects.create(
            brand=scope.brand,
            member=of,
            purpose="marketing",
            version="1",
            given_at=timezone.now(),
            evidence=f"{scope.canary} form",
        )
    return {"consent_id": made.pk, "body": {"evidence": "call"}}


def new_consent(scope):
    make_text(scope)
    return {"member": make_member(scope).pk, "purpose": "marketing", "evidence": "form"}


def member_to_reveal(scope):
    phoned = MemberFactory(
        brand=scope.brand, home_dealer=scope.dealer, phone=f"+86138{next(number):08d}"
    )
    body = {"field": "phone", "reason": "call", "note": "calls back"}
    return {"member_id": phoned.pk, "body": body}


def erasure(scope):
    """One that waits."""
    person, now = make_member(scope), timezone.now()
    with tenant(scope.brand.pk):
        made = Erasure.objects.create(
            brand=scope.brand,
            member_id=person.pk,
            dealer_id=person.home_dealer_id,
            mark=b"m" * 16,
            reason="asked",
            requested_by_label=f"{scope.canary} somebody",
            requested_at=now,
            due_at=now,
        )
    return {"erasure_id": made.pk}


def subject_file(scope):
    with tenant(scope.brand.pk):
        made = SubjectFile.objects.create(
            brand=scope.brand,
            member=make_member(scope),
            requested_by_label=f"{scope.canary} somebody",
            created_at=timezone.now(),
        )
    return {"file_id": made.pk}


def to_be_deleted(scope):
    person = make_member(scope)
    return {"member": person.pk, "name": person.display_name, "reason": "asked"}


def to_be_told(scope):
    return {"member": make_member(scope).pk}


ROUTES = {
    "api:members:consents-list": listing(refers=new_consent),
    "api:members:consents-detail": row(pk(consent)),
    "api:members:consents-withdraw": row(pk(consent)),
    "api:members:consent-texts-list": listing(dealers=False),
    "api:members:consent-texts-detail": row(pk(consent_text), dealers=False),
    "api:members:members-reveal": row(pk(member_to_reveal)),
    "api:members:reveal-limit": listing(),
    "api:members:erasure-policy": listing(),
    "api:members:members-deletion-preview": row(member),
    "api:members:erasures-list": listing(refers=to_be_deleted),
    "api:members:erasures-detail": row(pk(erasure)),
    "api:members:erasures-withdraw": row(pk(erasure)),
    "api:members:subject-files-list": listing(refers=to_be_told),
    "api:members:subject-files-detail": row(pk(subject_file)),
    "members:consents-of-member": row(member),
    "members:consents-change": row(
        lambda scope: member(scope) | {"purpose": "marketing", "act": "give"}
    ),
    "members:consent-texts": listing(),
    "members:consent-texts-new": listing(),
    "members:reveals-new": row(member),
    "members:reveals-list": listing(),
    "members:reveals-limit": listing(),
    "members:erasures-new": row(member),
    "members:erasures-list": listing(),
    "members:erasures-grace": listing(),
    "members:erasures-withdraw": row(erasure),
    "members:subject-files": row(member),
}
