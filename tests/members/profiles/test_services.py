from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel import crypto
from core.kernel.access import Permission, Viewer
from core.kernel.errors import InvalidInput, StaleVersion
from core.kernel.scoping import CrossBrand
from members.profiles import services
from members.profiles.models import Member
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def register(actor, **values):
    values = {"display_name": "陈小宇"} | values
    return services.register_member(values=values, actor=actor, now=NOW)


def change(member, actor, version=None, **changes):
    return services.change_member(
        member=member, changes=changes, version=version, actor=actor, now=NOW
    )


def pointers(refusal):
    return [problem.pointer for problem in refusal.value.problems]


def test_a_phone_is_kept_sealed_and_found_again(brand, actor):
    member = register(actor, phone="138 0000 1234")
    assert crypto.decrypt(member.phone_cipher) == "+8613800001234"
    assert member.phone_masked == "138****1234"
    found_by = crypto.lookup_hash(brand_id=brand.pk, kind="phone", value="+8613800001234")
    assert Member.objects.get(phone_hash=found_by) == member


def test_a_phone_belongs_to_one_member(actor):
    register(actor, phone="13800001234")
    with pytest.raises(InvalidInput) as refusal:
        register(actor, phone="+86 138-0000-1234", display_name="Other")
    assert pointers(refusal) == ["/phone"]
    assert refusal.value.problems[0].code == "phone_taken"
    assert Member.objects.count() == 1


def test_a_customer_number_belongs_to_one_member(actor):
    register(actor, customer_no="C1")
    with pytest.raises(InvalidInput) as refusal:
        register(actor, customer_no=" C1 ")
    assert pointers(refusal) == ["/customer_no"]


def test_many_members_may_have_neither(actor):
    register(actor, phone="", customer_no="")
    register(actor, phone="", customer_no="")
    assert Member.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"), [("display_name", " "), ("phone", "12"), ("phone", "1.38E+10")]
)
def test_what_cannot_be_is_refused_by_name(field, value, actor):
    with pytest.raises(InvalidInput) as refusal:
        register(actor, **{field: value})
    assert pointers(refusal) == [f"/{field}"]
    assert not Member.objects.exists()


def test_a_change_is_told_without_its_values(actor):
    member = register(actor)
    change(member, actor, display_name="林珊", stage="growth", phone="13800001234")
    entry = AuditEntry.objects.get(action="member.changed")
    assert entry.data == {"fields": ["display_name", "stage", "phone"]}
    member.refresh_from_db()
    assert (member.version, member.stage_since) == (2, NOW.date())


def test_no_change_is_no_change(actor):
    member = register(actor, phone="13800001234")
    change(member, actor, display_name="陈小宇", phone="13800001234")
    member.refresh_from_db()
    assert member.version == 1


def test_a_phone_can_be_taken_away(actor):
    member = register(actor, phone="13800001234")
    member = change(member, actor, phone="")
    assert (member.phone_hash, member.phone_masked, member.phone_tail) == (None, "", "")


def test_a_stale_change_is_refused(actor):
    member = register(actor)
    change(member, actor, version=1, display_name="Hers")
    with pytest.raises(StaleVersion):
        change(member, actor, version=1, display_name="His")
    member.refresh_from_db()
    assert member.display_name == "Hers"


def test_a_dealer_places_members_with_itself_alone(brand):
    mine, other = DealerFactory(brand=brand), DealerFactory(brand=brand)
    actor = Viewer(
        brand.pk, "d", permissions=frozenset(Permission), dealer_ids=frozenset({mine.pk})
    )
    assert register(actor, home_dealer=mine).home_dealer == mine
    for dealer in (other, None):
        with pytest.raises(InvalidInput) as refusal:
            register(actor, home_dealer=dealer)
        assert pointers(refusal) == ["/home_dealer"]


def test_a_dealer_of_another_brand_is_refused(actor):
    with pytest.raises(CrossBrand):
        register(actor, home_dealer=DealerFactory())


def test_the_other_member_is_not_named(brand, actor):
    """It may belong to a dealer whom the actor must not see."""
    MemberFactory(brand=brand, phone="+8613800001234", display_name="Secret")
    with pytest.raises(InvalidInput) as refusal:
        register(actor, phone="13800001234")
    assert "Secret" not in str(refusal.value)
