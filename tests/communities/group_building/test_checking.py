"""Rules for communities that end with their event."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from communities.communities.models import Community
from communities.group_building import checking
from core.kernel.access import Viewer
from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db


def test_flash_groups_are_named_after_the_event_and_end_with_it(
    brand, people, make_rule, preview, apply
):
    now = timezone.now()
    with pytest.raises(InvalidInput) as refusal:
        make_rule(kind="flash", group_by=())
    assert [problem.pointer for problem in refusal.value.problems] == ["/ends_at"]
    rule = make_rule(
        kind="flash",
        group_by=(),
        event="试驾之夜",
        starts_at=datetime(2199, 11, 28, 11, tzinfo=UTC),
        ends_at=datetime(2199, 11, 28, 13, tzinfo=UTC),
    )
    assert apply(preview(rule)).report["placed"] == 8
    with tenant(brand.pk):
        made = Community.objects.get()
        assert (made.name, made.ends_at) == ("11月28日19点 试驾之夜", rule.ends_at)
        assert made.rooms.get().name == "11月28日19点 试驾之夜"
        type(rule).objects.update(starts_at=None, ends_at=now)
        with pytest.raises(InvalidInput) as refusal:
            checking.frozen(type(rule).objects.get(), _nobody(brand), now)
    assert refusal.value.problems[0].code == "past"


def _nobody(brand):
    return Viewer(brand_id=brand.pk, label="x")
