from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from members.privacy import services
from members.privacy.models import Consent, ConsentText
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(brand, actor):
    now = timezone.now()
    with tenant(brand.pk):
        services.add_text(
            purpose="marketing",
            version="2026-11",
            body="We write to you.",
            effective_from=now - timedelta(days=2),
            needs_renewal=False,
            actor=actor,
            now=now,
        )
    return MemberFactory(brand=brand)


def change(member, act, purpose="marketing"):
    return reverse("members:consents-change", args=[member.pk, purpose, act])


def card(client, member):
    return client.get(reverse("members:consents-of-member", args=[member.pk])).content.decode()


def test_consent_is_recorded_and_withdrawn_on_the_profile(signed_in, member, brand):
    assert change(member, "give") in card(signed_in, member)
    asked = signed_in.get(change(member, "give"), headers=HTMX).content.decode()
    assert "We write to you." in asked
    signed_in.post(change(member, "give"), {"evidence": "signed form"})
    page = card(signed_in, member)
    assert "signed form" in page
    assert change(member, "withdraw") in page
    assert signed_in.get(change(member, "withdraw")).status_code == 200
    signed_in.post(change(member, "withdraw"), {"evidence": "called us"})
    assert "called us" in card(signed_in, member)
    with tenant(brand.pk):
        assert Consent.objects.get().withdrawn_at is not None


def test_the_form_keeps_what_was_typed(signed_in, member):
    answer = signed_in.post(change(member, "give"), {"evidence": ""}, headers=HTMX)
    assert answer.status_code == 422
    answer = signed_in.post(change(member, "give", "community"), {"evidence": "paper"})
    assert answer.status_code == 422
    assert 'value="paper"' in answer.content.decode()


@pytest.mark.parametrize(("purpose", "act"), [("fun", "give"), ("marketing", "forget")])
def test_unknown_words_in_the_address_are_404(signed_in, member, purpose, act):
    assert signed_in.get(change(member, act, purpose)).status_code == 404


def test_who_may_only_look_gets_no_buttons(client, brand, member):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert change(member, "give") not in card(client, member)
    assert client.post(change(member, "give"), {"evidence": "x"}).status_code == 403


def test_a_version_is_added_and_shown(signed_in, member, brand):
    place = reverse("members:consent-texts-new")
    assert signed_in.get(place, headers=HTMX).status_code == 200
    values = {
        "purpose": "marketing",
        "version": "2027-01",
        "body": "New words",
        "effective_from": "2036-01-01T00:00",
        "needs_renewal": "on",
    }
    assert signed_in.post(place, values | {"version": "2026-11"}).status_code == 422
    assert signed_in.post(place, values).status_code == 302
    assert "New words" in signed_in.get(reverse("members:consent-texts")).content.decode()
    with tenant(brand.pk):
        assert ConsentText.objects.get(version="2027-01").needs_renewal
