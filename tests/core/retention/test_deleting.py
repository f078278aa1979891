"""What goes whole once it is old: the history of tags, snapshots of segments."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.retention import services
from members.snapshots import services as snapshots
from members.snapshots.models import Snapshot, SnapshotBatch
from members.tags import services as tags
from members.tags.models import MemberTag, TagAct, TagChange, TagChangeBatch
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TABLES = (TagAct, TagChange, TagChangeBatch, Snapshot, SnapshotBatch)


def ago(days):
    return NOW - timedelta(days=days)


def live(brand, actor):
    """Give a tag and take a snapshot, long ago and lately."""
    member, tag = MemberFactory(brand=brand), TagFactory(brand=brand)
    segment = SegmentFactory(brand=brand, tree={"op": "all", "items": []})
    with tenant(brand.pk):
        for days, act in (
            (800, tags.tag_members),
            (790, tags.untag_members),
            (9, tags.tag_members),
        ):
            act(tag=tag, member_ids=[member.pk], actor=actor, now=ago(days))
        for days in (800, 9):
            asked = snapshots.take_snapshot(segment=segment, actor=actor, now=ago(days))
            snapshots.freeze(snapshot=asked, actor=actor, now=ago(days))


def numbers(brand):
    with tenant(brand.pk):
        return [model.objects.filter(brand=brand).count() for model in TABLES]


def test_what_is_old_goes_with_its_parts_and_the_rest_stays(brand, actor):
    other = BrandFactory()
    live(brand, actor)
    live(other, system_viewer(other.pk))
    assert numbers(brand) == [3, 3, 3, 2, 2]
    gone = services.purge_due(brand_id=brand.pk, now=NOW)
    assert (gone["tag_history"], gone["snapshot"]) == (2, 1)
    assert numbers(brand) == [1, 1, 1, 1, 1]
    assert numbers(other) == [3, 3, 3, 2, 2]
    with tenant(brand.pk):
        assert MemberTag.objects.count() == 1
        kept = Snapshot.objects.get()
        assert (kept.member_count, kept.plus_count, kept.minus_count) == (1, 0, 0)
        told = AuditEntry.objects.filter(action="retention.emptied")
        assert {entry.data["kind"] for entry in told} == {"tag_history", "snapshot"}
    again = services.purge_due(brand_id=brand.pk, now=NOW)
    assert (again["tag_history"], again["snapshot"]) == (0, 0)
    call_command("check_invariants", database="default")


def test_one_batch_follows_another(brand, actor):
    live(brand, actor)
    gone = services.purge_due(brand_id=brand.pk, now=NOW, batch=1)
    assert (gone["tag_history"], gone["snapshot"]) == (2, 1)
    assert numbers(brand) == [1, 1, 1, 1, 1]
