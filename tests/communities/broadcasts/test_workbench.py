from datetime import timedelta

from django.utils import timezone

from communities.broadcasts.search import find_broadcasts
from communities.broadcasts.workbench import waiting_broadcasts
from core.kernel.access import Viewer
from core.workbench.ports import Urgency
from tests.factories.communities import BroadcastFactory


def titles(viewer):
    return [todo.title for todo in waiting_broadcasts(viewer=viewer, now=timezone.now())]


def test_drafts_pauses_and_failures_wait_for_somebody(inside_brand, actor):
    now = timezone.now()
    BroadcastFactory(brand=inside_brand, name="草稿甲")
    BroadcastFactory(brand=inside_brand, name="停住乙", state="paused", scheduled_at=now)
    done = {"brand": inside_brand, "state": "sent", "scheduled_at": now, "finished_at": now}
    BroadcastFactory(name="失败丙", failed_count=2, **done)
    BroadcastFactory(name="全到丁", **done)
    found = " ".join(titles(actor))
    assert all(name in found for name in ("草稿甲", "停住乙", "失败丙"))
    assert "全到丁" not in found


def test_a_draft_for_tomorrow_is_urgent(inside_brand, actor):
    BroadcastFactory(brand=inside_brand, scheduled_at=timezone.now() + timedelta(hours=3))
    [todo] = waiting_broadcasts(viewer=actor, now=timezone.now())
    assert todo.urgency == Urgency.NOW


def test_who_may_not_send_is_not_asked_to_confirm(inside_brand):
    BroadcastFactory(brand=inside_brand)
    assert titles(Viewer(brand_id=inside_brand.pk, label="analyst")) == []


def test_search_finds_any_part_of_a_name_in_scope(inside_brand, actor):
    BroadcastFactory(brand=inside_brand, name="冬季保养季 100%")
    BroadcastFactory(name="冬季保养季 别家")
    [hit] = find_broadcasts(query="保养季 100%", viewer=actor, limit=5)
    assert hit.label == "冬季保养季 100%"
