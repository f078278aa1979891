from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput, StaleVersion
from members.segments import services
from members.segments.models import Segment
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


def create(actor, **changes):
    values = {"name": "New", "tree": GROWTH} | changes
    return services.create_segment(**values, actor=actor, now=NOW)


def inside(*segments):
    ids = [segment.pk for segment in segments]
    return {"op": "all", "items": [{"field": "segment", "cmp": "in", "value": ids}]}


def test_a_segment_is_counted_when_it_is_saved(brand, actor):
    MemberFactory(brand=brand, stage="growth"), MemberFactory(brand=brand, stage="lost")
    segment = create(actor)
    assert (segment.member_count, segment.counted_at) == (1, NOW)
    assert AuditEntry.objects.get().action == "segment.created"


def test_a_wrong_tree_is_refused_below_tree(actor):
    with pytest.raises(InvalidInput) as refusal:
        create(actor, tree={"op": "all", "items": [{"field": "nothing"}]})
    assert refusal.value.problems[0].pointer == "/tree/items/0/field"
    assert not Segment.objects.exists()


def test_a_name_is_taken_once_among_those_in_use(actor):
    first = create(actor)
    with pytest.raises(InvalidInput) as refusal:
        create(actor)
    assert refusal.value.problems[0].pointer == "/name"
    services.archive_segment(segment=first, actor=actor, now=NOW)
    create(actor)
    with pytest.raises(InvalidInput):
        services.restore_segment(segment=first, actor=actor, now=NOW)


def test_a_stale_change_is_refused_and_changes_nothing(actor):
    segment = create(actor)
    services.change_segment(
        segment=segment, changes={"name": "Hers"}, version=1, actor=actor, now=NOW
    )
    with pytest.raises(StaleVersion):
        services.change_segment(
            segment=segment, changes={"name": "His"}, version=1, actor=actor, now=NOW
        )
    segment.refresh_from_db()
    assert (segment.name, segment.version) == ("Hers", 2)


def test_saving_what_is_there_is_no_change(actor):
    segment = create(actor)
    same = services.change_segment(segment=segment, changes={"tree": GROWTH}, actor=actor, now=NOW)
    assert same.version == 1
    assert AuditEntry.objects.count() == 1


def test_a_segment_cannot_come_to_contain_itself(actor):
    first = create(actor, name="first")
    second = create(actor, name="second", tree=inside(first))
    for tree in (inside(first), inside(second)):
        with pytest.raises(InvalidInput) as refusal:
            services.change_segment(segment=first, changes={"tree": tree}, actor=actor, now=NOW)
        assert refusal.value.problems[0].pointer.startswith("/tree/items/0")
    first.refresh_from_db()
    assert first.tree == GROWTH


def test_a_choice_of_another_brand_does_not_exist(actor):
    stranger = SegmentFactory()
    with pytest.raises(InvalidInput) as refusal:
        create(actor, tree=inside(stranger))
    assert refusal.value.problems[0].code == "unknown_choice"


def test_archiving_twice_is_once(actor):
    segment = create(actor)
    for _ in range(2):
        services.archive_segment(segment=segment, actor=actor, now=NOW)
    assert AuditEntry.objects.filter(action="segment.archived").count() == 1


def test_recounting_is_nobodys_decision(brand, actor):
    segment = create(actor)
    MemberFactory(brand=brand, stage="growth")
    assert services.recount(segment=segment, now=NOW).member_count == 1
    assert AuditEntry.objects.count() == 1
