"""Bad input 42 of invariants.md at every list: what is searched for is meant literally."""

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.lists import ports
from core.staff.selectors import viewer_of_staff
from tests.factories.communities import BroadcastFactory, CommunityFactory
from tests.factories.core import DealerFactory
from tests.factories.events import EventFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
SEARCHED = ["broadcasts", "communities", "dealers", "events", "members", "segments", "staff"]
SEARCHED += ["tags"]
NASTY = ["%", "_", "'; --", "(a+)+$", "\\", "x\0", "{{7*7}}", "%" * 4096]


@pytest.fixture
def hq(brand, staff):
    """Somebody who sees every list, with something in each of them."""
    CommunityFactory(brand=brand, name="车友群", dealer=DealerFactory(brand=brand, name="东店"))
    for factory in (BroadcastFactory, EventFactory, SegmentFactory, TagFactory):
        factory(brand=brand, name="露营")
    MemberFactory(brand=brand, display_name="陈小宇")
    with tenant(brand.pk):
        return viewer_of_staff(staff_id=staff.pk)


def test_every_list_that_can_be_searched_is_asked():
    sources = {key: ports.source_of(key) for key in list(ports.LABELS)}
    found = {key for key, source in sources.items() if source.searches and not source.parents}
    assert found == {*SEARCHED}


@pytest.mark.parametrize("key", SEARCHED)
def test_42_no_sign_means_everything(key, hq, brand, signed_in):
    source = ports.source_of(key)
    for typed in NASTY:
        query = QueryDict(mutable=True)
        query["q"] = typed
        with tenant(brand.pk):
            assert source.rows(viewer=hq, query=query, now=timezone.now()).count() == 0, typed
        answer = signed_in.get(reverse(source.place), {"q": typed})
        assert answer.status_code == 200, typed
    with tenant(brand.pk):
        assert source.rows(viewer=hq, query=QueryDict(), now=timezone.now()).count()
