from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput, NotFound
from members.identities import services
from members.identities.models import Identity
from members.identities.services import IdentityTaken
from tests.factories.members import IdentityFactory, MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def add(member, actor, value="oX1", kind="unionid"):
    return services.add_identity(member=member, kind=kind, value=value, actor=actor, now=NOW)


def test_a_name_is_added_once(brand, actor):
    member = MemberFactory(brand=brand)
    assert add(member, actor, " oＸ１ ") == add(member, actor, "oX1")
    assert Identity.objects.get().value == "oX1"


def test_a_name_belongs_to_one_member(brand, actor):
    add(MemberFactory(brand=brand), actor)
    with pytest.raises(IdentityTaken):
        add(MemberFactory(brand=brand), actor)
    other_kind = add(MemberFactory(brand=brand), actor, kind="app_user")
    assert other_kind.kind == "app_user"


@pytest.mark.parametrize("value", ["", "a b", "a\x00", "a\r\nb", "a\u200bb", "名字", "x" * 129])
def test_what_no_system_would_give_is_refused(brand, actor, value):
    with pytest.raises(InvalidInput):
        add(MemberFactory(brand=brand), actor, value)


def test_removing_needs_a_reason_which_is_kept(brand, actor):
    identity = IdentityFactory(brand=brand)
    with pytest.raises(InvalidInput):
        services.remove_identity(identity=identity, reason="  ", actor=actor, now=NOW)
    services.remove_identity(
        identity=identity, reason=f"{identity.value} 账号已注销", actor=actor, now=NOW
    )
    entry = AuditEntry.objects.get(action="member.identity_removed")
    assert entry.data["reason"] == "… 账号已注销", "the trail outlives the member"
    with pytest.raises(NotFound):
        services.remove_identity(identity=identity, reason="x", actor=actor, now=NOW)
