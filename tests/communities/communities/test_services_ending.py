"""What is made for an event ends with it: an end is asked for, and the sweep lets it close."""

from datetime import timedelta

import pytest
from django.utils import timezone

from communities.communities import services
from communities.communities.models import Community
from communities.communities.services import Wanted
from communities.policies.services import change_policy, install_default_policies
from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput
from tests.factories.communities import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(second=30, microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def policies(inside_brand, actor):
    install_default_policies(brand=inside_brand, actor=actor, now=NOW)


def close(brand, now=NOW, **more):
    return services.close_ended(brand_id=brand.pk, now=now, **more)


def states(brand):
    return list(Community.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"kind": "flash"}, "/ends_at"),
        ({"kind": "flash", "ends_at": NOW}, "/ends_at"),
        ({"kind": "service", "starts_at": NOW + 2 * HOUR, "ends_at": NOW + HOUR}, "/ends_at"),
        ({"kind": "service", "event": "x" * 61}, "/event"),
        ({"kind": "service", "event": "Сlub"}, "/event"),
    ],
)
def test_event_that_makes_no_sense_is_refused_by_field(policies, actor, wanted, pointer):
    with pytest.raises(InvalidInput) as refusal:
        services.create_community(wanted=Wanted(name="A", **wanted), actor=actor, now=NOW)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]


def edit(community, actor, **changes):
    kept = {name: getattr(community, name) for name in ("name", "topic", "room_cap", "ends_at")}
    kept |= {"version": community.version} | changes
    return services.edit_community(community=community, **kept, actor=actor, now=NOW)


def test_end_can_be_moved_but_not_taken_away(policies, inside_brand, actor):
    ends = NOW + HOUR
    held = CommunityFactory(brand=inside_brand, kind="flash", ends_at=ends)
    held = edit(held, actor, ends_at=ends + HOUR)
    entry = AuditEntry.objects.get(action="community.changed")
    assert entry.data == {"ends_at": [ends.isoformat(), (ends + HOUR).isoformat()]}
    for wrong in (None, NOW - HOUR):
        with pytest.raises(InvalidInput):
            edit(held, actor, ends_at=wrong)


def test_form_that_knows_minutes_only_changes_no_end(policies, inside_brand, actor):
    ends = NOW - HOUR  # over, and not closing yet
    held = CommunityFactory(brand=inside_brand, kind="flash", ends_at=ends)
    changed = edit(held, actor, name="B", ends_at=ends.replace(second=0))
    assert (changed.name, changed.ends_at) == ("B", ends)


def test_community_closes_so_many_hours_after_its_end(policies, inside_brand, actor):
    ends = [NOW - 24 * HOUR, NOW - 24 * HOUR + timedelta(seconds=1), None]
    for at in ends:
        CommunityFactory(brand=inside_brand, kind="flash", ends_at=at)
    assert close(inside_brand) == 1
    assert states(inside_brand) == ["closing", "active", "active"]
    assert close(inside_brand) == 0  # doing it again changes nothing
    entry = AuditEntry.objects.get(action="community.closing")
    assert (entry.actor_label, entry.data) == ("system", {"ended": ends[0].isoformat()})
    assert Community.objects.earliest("pk").version == 2


def test_hours_are_those_of_the_kind(policies, inside_brand, actor):
    change_policy(
        kind="flash", changes={"closing_hours": 2}, policy_version=1, actor=actor, now=NOW
    )
    for kind in ("flash", "service"):
        CommunityFactory(brand=inside_brand, kind=kind, ends_at=NOW - 3 * HOUR)
    assert close(inside_brand) == 1
    assert states(inside_brand) == ["closing", "active"]


def test_archived_ones_are_left_alone_and_batches_are_bounded(inside_brand):
    CommunityFactory(brand=inside_brand, ends_at=NOW - 48 * HOUR, state="archived")
    CommunityFactory.create_batch(3, brand=inside_brand, ends_at=NOW - 48 * HOUR)
    assert [close(inside_brand, limit=2) for _ in range(3)] == [2, 1, 0]
    assert states(inside_brand) == ["archived", "closing", "closing", "closing"]


def test_closing_community_refuses_changes_in_words_of_its_own(inside_brand, actor):
    held = CommunityFactory(brand=inside_brand, state="closing")
    with pytest.raises(services.CommunityClosed, match="正在关闭"):
        edit(held, actor, name="B")
