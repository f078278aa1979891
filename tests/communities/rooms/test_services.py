import pytest
from django.utils import timezone

from communities.communities.services import CommunityClosed, Wanted
from communities.policies.services import install_default_policies
from communities.rooms import services
from core.audit.models import AuditEntry
from core.kernel.access import Viewer
from core.kernel.errors import Forbidden
from tests.factories.communities import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def community(inside_brand, actor):
    install_default_policies(brand=inside_brand, actor=actor, now=NOW)
    return services.open_community(wanted=Wanted(kind="core", name="核心"), actor=actor, now=NOW)


def test_rooms_are_numbered_without_gaps(community, actor):
    for _ in range(2):
        services.open_next_room(community_id=community.pk, actor=actor, now=NOW)
    assert list(community.rooms.order_by("pk").values_list("number", "name", "cap")) == [
        (1, "核心 1", 50),
        (2, "核心 2", 50),
        (3, "核心 3", 50),
    ]
    assert AuditEntry.objects.filter(action="community.room_opened").count() == 3


def test_archived_community_gets_no_room(inside_brand, actor):
    closed = CommunityFactory(brand=inside_brand, state="archived")
    with pytest.raises(CommunityClosed):
        services.open_next_room(community_id=closed.pk, actor=actor, now=NOW)
    assert not closed.rooms.exists()


def test_role_without_the_permission_opens_nothing(community, brand):
    with pytest.raises(Forbidden):
        services.open_next_room(
            community_id=community.pk, actor=Viewer(brand_id=brand.pk, label="x"), now=NOW
        )
