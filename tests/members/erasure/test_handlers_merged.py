"""Whoever was merged into somebody goes along with them; who waits is merged with nobody."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from communities.chat.models import RoomMessage
from core.kernel.scoping import tenant
from members.erasure import journal
from members.erasure.models import ErasurePolicy
from members.merging import services as merging
from members.merging.models import MemberMerge
from members.merging.services import WaitsForDeletion
from members.profiles.models import Member, MergedMember
from tests.factories.communities import MembershipFactory, RoomFactory, RoomMessageFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NAME, OTHER = "欧阳若兰", "上官婉儿"
PHONE, OTHER_PHONE = "13812345678", "13912345678"


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name=NAME, phone=f"+86{PHONE}")


@pytest.fixture
def other(brand):
    return MemberFactory(
        brand=brand, display_name=OTHER, phone=f"+86{OTHER_PHONE}", customer_no="KH-9"
    )


@pytest.fixture
def merge(brand, actor, member, other):
    def merged():
        with tenant(brand.pk):
            return merging.merge_members(
                winner_id=member.pk, loser_id=other.pk, actor=actor, now=timezone.now()
            )

    return merged


def say(brand, person, body):
    """Have something said in a room where somebody has a seat."""
    room = RoomFactory(brand=brand, last_seq=1)
    MembershipFactory(brand=brand, room=room, member=person)
    return RoomMessageFactory(brand=brand, room=room, seq=1, body=body)


def body_of(message):
    with tenant(message.brand_id):
        return RoomMessage.objects.get(pk=message.pk).body


def test_who_was_merged_into_them_is_nowhere_either(brand, member, other, merge, erase):
    message = say(brand, other, f"{OTHER}，{OTHER_PHONE}，KH-9")
    merge()
    erase(member)
    assert body_of(message) == "…，…，…"
    with tenant(brand.pk):
        assert not MemberMerge.objects.exists()
        assert not MergedMember.objects.exists()
    assert {line.member_id for line in journal.read(brand_id=brand.pk)} == {member.pk, other.pk}


def test_a_backup_from_before_the_merge_brings_neither_back(brand, member, other, merge, erase):
    """Both rows stand in it; the journal knows both by number and time."""
    merge()
    erase(member)
    with tenant(brand.pk):
        for person in (member, other):
            person.phone_hash = person.phone_cipher = None
            person.save(force_insert=True)
    call_command("reapply_deletions")
    with tenant(brand.pk):
        assert not Member.objects.exists()


def test_who_got_themselves_back_stays_whole(brand, actor, member, other, merge, erase):
    message = say(brand, member, f"{NAME}和{OTHER}")
    made = merge()
    with tenant(brand.pk):
        merging.undo_merge(merge=made, actor=actor, now=timezone.now())
    erase(member)
    assert body_of(message) == f"…和{OTHER}"
    with tenant(brand.pk):
        assert list(Member.objects.values_list("pk", flat=True)) == [other.pk]
        assert not MemberMerge.objects.exists()


@pytest.mark.parametrize("waits", ["winner", "loser"])
def test_who_waits_is_not_merged(brand, member, other, merge, ask, waits):
    with tenant(brand.pk):
        ErasurePolicy.objects.create(brand=brand, grace_days=7)
    ask(member if waits == "winner" else other)
    with pytest.raises(WaitsForDeletion):
        merge()
    with tenant(brand.pk):
        assert Member.objects.count() == 2


def test_who_waits_gives_nobody_back(brand, actor, member, merge, ask):
    with tenant(brand.pk):
        ErasurePolicy.objects.create(brand=brand, grace_days=7)
    made = merge()
    ask(member)
    with pytest.raises(WaitsForDeletion), tenant(brand.pk):
        merging.undo_merge(merge=made, actor=actor, now=timezone.now())
