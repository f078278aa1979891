from datetime import timedelta

import pytest
from django.utils import timezone

from members.privacy.models import PastConsent
from members.timeline import selectors
from tests.factories.members import ConsentFactory, MemberFactory

pytestmark = pytest.mark.django_db


def test_earlier_answers_are_told_with_the_newest(inside_brand, actor):
    now, day = timezone.now(), timedelta(days=1)
    member = MemberFactory(brand=inside_brand)
    ConsentFactory(brand=inside_brand, member=member, purpose="marketing", given_at=now - day)
    PastConsent.objects.create(
        brand=inside_brand,
        member=member,
        purpose="marketing",
        version="1",
        given_at=now - 9 * day,
        withdrawn_at=now - 3 * day,
        evidence="form 1",
        withdrawn_evidence="call",
    )
    page = selectors.page_of(member=member, viewer=actor, kinds=["consent"])
    told = [(entry.what, entry.at) for entry in page.entries]
    assert told == [
        ("consent.given", now - day),
        ("consent.withdrawn", now - 3 * day),
        ("consent.given", now - 9 * day),
    ]
    assert page.entries[1].detail == "call"
