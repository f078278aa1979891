import pytest
from django.urls import reverse

from core.kernel.formats import masked_tail
from core.kernel.scoping import tenant
from members.identities.models import Identity
from tests.factories.members import IdentityFactory, MemberFactory

pytestmark = pytest.mark.django_db


def test_an_identity_is_added_and_removed_with_a_reason(signed_in, brand):
    member = MemberFactory(brand=brand)
    url = reverse("members:identities-add", args=[member.pk])
    refused = signed_in.post(url, {"kind": "unionid", "value": "a b"})
    assert refused.status_code == 422
    assert "a b" in refused.content.decode()
    assert signed_in.post(url, {"kind": "unionid", "value": "oX1-2345678"}).status_code == 302
    with tenant(brand.pk):
        identity = Identity.objects.get()
    page = signed_in.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert masked_tail("oX1-2345678") in page
    assert "oX1-2345678" not in page
    remove = reverse("members:identities-remove", args=[identity.pk])
    assert signed_in.post(remove, {"reason": ""}).status_code == 422
    assert signed_in.post(remove, {"reason": "换号"}).status_code == 302
    with tenant(brand.pk):
        assert not Identity.objects.exists()


def test_a_name_that_another_member_has_is_refused(signed_in, brand):
    taken = IdentityFactory(brand=brand)
    url = reverse("members:identities-add", args=[MemberFactory(brand=brand).pk])
    answer = signed_in.post(url, {"kind": taken.kind, "value": taken.value})
    assert answer.status_code == 422
