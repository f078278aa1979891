"""What a broadcast may say, to whom, and who may write it."""

from datetime import timedelta

import pytest

from communities.broadcasts import services
from communities.broadcasts.audience import Audience
from communities.broadcasts.models import Broadcast
from core.audit.models import AuditEntry
from core.kernel.access import Viewer
from core.kernel.errors import Forbidden, InvalidInput, StaleVersion
from tests.communities.broadcasts.conftest import NOW, dealer_viewer, draft
from tests.factories.communities import CommunityFactory
from tests.factories.core import DealerFactory

pytestmark = pytest.mark.django_db


def test_a_draft_is_kept_with_its_author(inside_brand, actor):
    row = services.save_draft(draft=draft(), actor=actor, now=NOW)
    assert (row.state, row.created_by_label, row.scheduled_at) == ("draft", "system", None)
    assert AuditEntry.objects.get().action == "broadcast.drafted"


@pytest.mark.parametrize(
    ("fields", "pointer", "said"),
    [
        ({"name": " "}, "/name", "80"),
        ({"body": ""}, "/body", ""),
        ({"body": "x" * 601}, "/body", "600"),
        ({"body": "嗨 {昵称}"}, "/body", "{昵称}"),
        ({"body": "a\x07b"}, "/body", ""),
        ({"purpose": "spam"}, "/purpose", ""),
        ({"link": "javascript:alert(1)"}, "/link", "https://"),
        ({"scheduled_at": NOW - timedelta(hours=1)}, "/scheduled_at", ""),
        ({"scheduled_at": NOW + timedelta(days=400)}, "/scheduled_at", "180"),
        ({"audience": Audience(kinds=("secret",))}, "/audience/kinds", ""),
        ({"audience": Audience(community_ids=(1,))}, "/audience/community_ids", ""),
        ({"audience": Audience(dealer_ids=(1,))}, "/audience/dealer_ids", ""),
        ({"audience": Audience(city_codes=("0000",))}, "/audience/city_codes", ""),
        ({"dealer_id": 1}, "/dealer_id", ""),
    ],
)
def test_what_cannot_be_used_is_named(inside_brand, actor, fields, pointer, said):
    with pytest.raises(InvalidInput) as refused:
        services.save_draft(draft=draft(**fields), actor=actor, now=NOW)
    [problem] = refused.value.problems
    assert problem.pointer == pointer
    assert said in problem.detail
    assert not Broadcast.objects.exists()


def test_everything_wrong_is_told_at_once(inside_brand, actor):
    bad = draft(name="", body="{x} {y}", link="x")
    with pytest.raises(InvalidInput) as refused:
        services.save_draft(draft=bad, actor=actor, now=NOW)
    assert len(refused.value.problems) == 4


def test_an_older_version_does_not_overwrite_a_newer_one(inside_brand, actor):
    row = services.save_draft(draft=draft(), actor=actor, now=NOW)
    again = {"actor": actor, "now": NOW, "broadcast_id": row.pk, "version": 1}
    services.save_draft(draft=draft(name="二"), **again)
    with pytest.raises(StaleVersion):
        services.save_draft(draft=draft(name="三"), **again)
    assert Broadcast.objects.get().name == "二"


def test_a_dealer_writes_in_its_own_name(inside_brand):
    dealer = DealerFactory(brand=inside_brand)
    viewer = dealer_viewer(inside_brand, dealer)
    row = services.save_draft(draft=draft(), actor=viewer, now=NOW)
    assert row.dealer_id == dealer.pk


def test_whoever_has_several_dealers_must_choose(inside_brand):
    viewer = dealer_viewer(inside_brand, *DealerFactory.create_batch(2, brand=inside_brand))
    with pytest.raises(InvalidInput):
        services.save_draft(draft=draft(), actor=viewer, now=NOW)


def test_another_dealers_community_does_not_exist(inside_brand):
    mine, other = DealerFactory.create_batch(2, brand=inside_brand)
    community = CommunityFactory(brand=inside_brand, dealer=other)
    aimed = draft(audience=Audience(community_ids=(community.pk,)))
    with pytest.raises(InvalidInput):
        services.save_draft(draft=aimed, actor=dealer_viewer(inside_brand, mine), now=NOW)


def test_it_takes_the_permission(inside_brand):
    viewer = Viewer(brand_id=inside_brand.pk, label="analyst")
    with pytest.raises(Forbidden):
        services.save_draft(draft=draft(), actor=viewer, now=NOW)
