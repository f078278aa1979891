"""A tag for all who stand in the list of members as somebody narrowed it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.urls import reverse

from core.audit.models import AuditEntry
from core.kernel.access import Viewer, system_viewer
from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from members.segments.models import Segment
from members.tags import giving, services
from members.tags.models import MemberTag
from tests.factories.core import BrandFactory, DealerFactory
from tests.factories.members import MemberFactory, TagFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MATURE = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["mature"]}]}


@pytest.fixture
def tag(brand):
    return TagFactory(brand=brand)


def tag_listed(brand, tag, query, *, act="give", actor=None):
    actor = actor or system_viewer(brand.pk)
    with tenant(brand.pk):
        run = services.tag_listed(tag=tag, query=QueryDict(query), act=act, actor=actor, now=NOW)
    runs.work_due(brand_id=brand.pk, clock=lambda: NOW, budget=timedelta(minutes=1))
    with tenant(brand.pk):
        assert Run.objects.get(pk=run.pk).state == Run.State.SUCCEEDED


def wearers(brand, tag):
    with tenant(brand.pk):
        rows = MemberTag.objects.filter(tag_id=tag.pk)
        return set(rows.values_list("member_id", flat=True))


@pytest.fixture(params=[200_000, 2])
def stretches(request, monkeypatch):
    monkeypatch.setattr(giving, "STRETCH", request.param)


def test_who_fits_the_filters_gets_the_tag_and_nobody_else(brand, tag, stretches):
    dealer = DealerFactory(brand=brand)
    fits = [MemberFactory(brand=brand, stage="mature", home_dealer=dealer) for _n in range(5)]
    MemberFactory(brand=brand, stage="growth", home_dealer=dealer)
    MemberFactory(brand=brand, stage="mature")
    MemberFactory(brand=BrandFactory(), stage="mature")
    query = f"stage=mature&dealer={dealer.pk}"
    tag_listed(brand, tag, query)
    assert wearers(brand, tag) == {member.pk for member in fits}
    tag_listed(brand, tag, query, act="take")
    assert wearers(brand, tag) == set()
    with tenant(brand.pk):
        told = AuditEntry.objects.get(action="tag.given_to_many")
    assert told.data["count"] == 5


def test_a_search_and_a_segment_narrow_too(brand, tag, stretches):
    with tenant(brand.pk):
        segment = Segment.objects.create(
            brand=brand, name="S", tree=MATURE, created_at=NOW, updated_at=NOW
        )
    chen = MemberFactory(brand=brand, display_name="陈一", stage="mature")
    MemberFactory(brand=brand, display_name="陈二", stage="growth")
    MemberFactory(brand=brand, display_name="李三", stage="mature")
    tag_listed(brand, tag, f"segment={segment.pk}&q=陈")
    assert wearers(brand, tag) == {chen.pk}


def test_a_dealer_reaches_only_its_own(brand, tag):
    dealer = DealerFactory(brand=brand)
    own = MemberFactory(brand=brand, home_dealer=dealer)
    MemberFactory(brand=brand, home_dealer=DealerFactory(brand=brand))
    actor = Viewer(
        brand_id=brand.pk,
        label="x",
        permissions=system_viewer(brand.pk).permissions,
        dealer_ids=frozenset({dealer.pk}),
    )
    tag_listed(brand, tag, "", actor=actor)
    assert wearers(brand, tag) == {own.pk}


def test_a_filter_that_cannot_be_read_tags_nobody(brand, tag):
    MemberFactory(brand=brand)
    with tenant(brand.pk), pytest.raises(InvalidInput):
        services.tag_listed(
            tag=tag,
            query=QueryDict("stage=nonsense"),
            act="give",
            actor=system_viewer(brand.pk),
            now=NOW,
        )
    assert wearers(brand, tag) == set()


def test_the_page_asks_with_the_number_then_starts_the_run(signed_in, brand, tag):
    for stage in ("mature", "mature", "growth"):
        MemberFactory(brand=brand, stage=stage)
    page = signed_in.get(reverse("members:members-list"), {"stage": "mature"})
    pick = page.context["bulk_actions"][1]["url"]
    asked = signed_in.post(pick)
    assert asked.context["everyone"].startswith("2 ")
    answer = signed_in.post(pick, {"tag": tag.pk, "act": "give"})
    with tenant(brand.pk):
        run = Run.objects.get()
    assert answer.url == reverse("core:runs-detail", args=[run.pk])
