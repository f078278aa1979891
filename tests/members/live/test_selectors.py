"""The list of a live segment reads the kept rows, and finds whom computing everybody finds."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.live import selectors, services
from members.live.models import LiveMember, LiveSegment, TouchedMember
from members.profiles.models import Member
from members.segments.models import Segment
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
GROWTH = {"field": "stage", "cmp": "in", "value": ["growth"]}
TREE = {"op": "all", "items": [GROWTH]}


@pytest.fixture
def people(brand):
    return [MemberFactory(brand=brand, stage=stage) for stage in ("growth", "growth", "lost")]


@pytest.fixture
def segment(brand, people, actor):
    """A live segment that is settled, as it is once its first refreshes are over."""
    segment = SegmentFactory(brand=brand, tree=TREE)
    with tenant(brand.pk):
        services.switch_on(segment=segment, actor=actor, now=timezone.now())
        services.refresh(brand_id=brand.pk, now=timezone.now())
        LiveSegment.objects.update(is_settled=True)
    return segment


def found(segment, *, viewer=None):
    """Return who is in the segment, and whether kept rows were read for it."""
    with (
        tenant(segment.brand_id),
        CaptureQueriesContext(
            connection,
        ) as asked,
    ):
        segment = Segment.objects.get(pk=segment.pk)
        viewer = viewer or system_viewer(segment.brand_id)
        rows = selectors.in_segment(segment=segment, viewer=viewer, now=timezone.now())
        ids = sorted(rows.values_list("pk", flat=True))
    return ids, "members_livemember" in asked.captured_queries[-1]["sql"]


def test_kept_rows_are_read(segment, people, brand):
    grown = [people[0].pk, people[1].pk]
    assert found(segment) == (grown, True)
    with tenant(brand.pk):  # As nothing but a broken refresh would leave it.
        LiveMember.objects.filter(member_id=people[0].pk).delete()
    assert found(segment) == ([people[1].pk], True)


def test_who_was_touched_is_looked_at_anew(segment, people, brand):
    with tenant(brand.pk):
        Member.objects.filter(pk=people[2].pk).update(stage="growth")
        Member.objects.filter(pk=people[0].pk).update(stage="lost")
    assert found(segment) == ([people[1].pk, people[2].pk], True)
    with tenant(brand.pk):
        services.refresh(brand_id=brand.pk, now=timezone.now())
        assert not TouchedMember.objects.exists()
    assert found(segment) == ([people[1].pk, people[2].pk], True)


def test_a_dealer_sees_their_own_of_the_kept(segment, people, brand):
    dealer = DealerFactory(brand=brand)
    with tenant(brand.pk):
        Member.objects.filter(pk=people[1].pk).update(home_dealer=dealer)
    dealers = replace(system_viewer(brand.pk), dealer_ids=frozenset({dealer.pk}))
    assert found(segment, viewer=dealers)[0] == [people[1].pk]


@pytest.mark.parametrize(
    "change",
    [
        lambda brand: Segment.objects.update(tree={"op": "not", "items": [GROWTH]}),
        lambda brand: LiveSegment.objects.update(is_settled=False),
        lambda brand: LiveSegment.objects.update(problem="?"),
        lambda brand: LiveSegment.objects.update(recomputed_at=timezone.now() - timedelta(days=1)),
        lambda brand: TouchedMember.objects.bulk_create(
            TouchedMember(brand=brand, member_id=n, at=timezone.now())
            for n in range(10**9, 10**9 + selectors.MOST_MARKS + 1)
        ),
    ],
    ids=["conditions", "unsettled", "problem", "yesterday", "many touched"],
)
def test_everybody_is_computed_where_kept_rows_may_not_be_exact(segment, people, brand, change):
    with tenant(brand.pk):
        LiveMember.objects.all().delete()  # Whoever reads them finds nobody.
        change(brand)
        changed = Segment.objects.get(pk=segment.pk).tree["op"] == "not"
    right = [people[2].pk] if changed else [people[0].pk, people[1].pk]
    assert found(segment) == (right, False)


@pytest.mark.parametrize("entry", ["console", "rest"])
def test_pages_read_them_in_as_many_queries_however_many_there_are(
    signed_in, segment, people, brand, entry
):
    url = "/api/v1/members/" if entry == "rest" else reverse("members:members-list")

    def asked():
        with CaptureQueriesContext(connection) as context:
            answer = signed_in.get(url, {"segment": segment.pk})
        texts = [query["sql"] for query in context.captured_queries]
        assert any("members_livemember" in text for text in texts)
        shown = [member.pk in _ids(answer, entry) for member in people]
        assert shown[:3] == [True, True, False]
        return len(texts)

    few = asked()
    MemberFactory.create_batch(9, brand=brand, stage="growth")
    with tenant(brand.pk):
        services.refresh(brand_id=brand.pk, now=timezone.now())
    assert asked() == few


def _ids(answer, entry):
    if entry == "rest":
        return {row["id"] for row in answer.json()["results"]}
    return {line.member.pk for line in answer.context["rows"]}
