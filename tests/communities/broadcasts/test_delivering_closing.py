"""A community that begins to close after a broadcast was planned gets no more marketing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from communities.broadcasts import delivering
from communities.broadcasts.models import Delivery
from communities.broadcasts.wording import error_text
from communities.communities.models import Community
from core.kernel.scoping import tenant
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("is_marketing", "state"), [(True, "cancelled"), (False, "sent")])
def test_marketing_to_a_closing_community_is_called_off(brand, is_marketing, state):
    now = timezone.now()
    PolicyFactory(brand=brand)
    purpose = "marketing" if is_marketing else "service"
    broadcast = BroadcastFactory(brand=brand, purpose=purpose, state="sending", scheduled_at=now)
    room = RoomFactory(brand=brand, community=CommunityFactory(brand=brand))
    MembershipFactory(brand=brand, room=room)
    DeliveryFactory(brand=brand, broadcast=broadcast, room=room, is_marketing=is_marketing)
    with tenant(brand.pk):
        Community.objects.update(state="closing")
    delivering.deliver_due(brand_id=brand.pk, now=now, budget=timedelta(seconds=5))
    with tenant(brand.pk):
        told = Delivery.objects.get()
        assert told.state == state
        if is_marketing:
            assert error_text(told.error) != told.error
