"""A rotation of the keys reaches the numbers that merges keep, and they can be undone after it."""

import os

import pytest
from django.core.management import call_command
from django.utils import timezone

from core.kernel import crypto
from core.kernel.scoping import tenant
from members.merging import services
from members.profiles.models import Member
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
OLD, NEW = {"k0": os.urandom(32)}, {"k1": os.urandom(32)}


@pytest.mark.parametrize("take", [(), ("phone",)])
def test_a_merge_is_undone_after_the_old_key_is_gone(brand, actor, settings, take):
    settings.FIELD_KEYS = OLD
    phones = ["+8613811110001", "+8613811110002"]
    first, second = (MemberFactory(brand=brand, phone=phone) for phone in phones)
    with tenant(brand.pk):
        made = services.merge_members(
            winner_id=first.pk, loser_id=second.pk, take=take, actor=actor, now=timezone.now()
        )
    settings.FIELD_KEYS = NEW | OLD
    call_command("rotate_field_keys")
    settings.FIELD_KEYS = NEW
    call_command("rotate_field_keys", check=True)
    with tenant(brand.pk):
        services.undo_merge(merge=made, actor=actor, now=timezone.now())
        rows = Member.objects.order_by("pk").values_list("phone_cipher", flat=True)
        assert [crypto.decrypt(bytes(sealed)) for sealed in rows] == phones
