"""Rows for the pages about privacy, made by the services themselves."""

from datetime import timedelta

from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from members.erasure import services as erasures
from members.erasure.models import Erasure
from members.privacy import services as privacy
from members.privacy.models import Purpose
from members.profiles.models import Member
from members.revealing import services as revealing
from members.revealing.models import Reveal
from members.subject_files import services as subject_files

PEOPLE, GRACE_DAYS = 40, 7


def leave_in(brand: Brand) -> None:
    """Reveal phones, ask for consents, files and deletions, of as many people in every brand."""
    actor, now = system_viewer(brand.pk), timezone.now()
    with tenant(brand.pk):
        rows = Member.objects.filter(brand_id=brand.pk)
        if Reveal.objects.filter(brand_id=brand.pk).exists():
            return
        with_phones = list(rows.exclude(phone_cipher=None).order_by("-pk")[: 2 * PEOPLE])
        privacy.add_text(
            purpose=Purpose.MARKETING,
            version="bench",
            body="May we write to you?",
            effective_from=now - timedelta(seconds=1),
            needs_renewal=True,
            actor=actor,
            now=now,
        )
        # Whose page is asked for is the newest; those who are to be deleted are others.
        erasures.change_grace(days=GRACE_DAYS, actor=actor, now=now)
        for member in with_phones[PEOPLE:]:
            erasures.request_erasure(
                member=member,
                typed_name=member.display_name,
                reason=Erasure.Reason.ASKED,
                note="",
                actor=actor,
                now=now,
            )
        for member in [rows.order_by("-pk")[0], *with_phones[:PEOPLE]]:
            privacy.give_consent(
                member=member, purpose=Purpose.MARKETING, evidence="by phone", actor=actor, now=now
            )
            subject_files.ask_for_file(member=member, is_whole=False, actor=actor, now=now)
        for member in with_phones[:PEOPLE]:
            revealing.reveal(
                member=member,
                field=Reveal.Field.PHONE,
                reason=Reveal.Reason.CALL,
                note="to call back",
                actor=actor,
                now=now,
            )
