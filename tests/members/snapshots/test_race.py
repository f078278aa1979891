"""A snapshot and a deletion at once: no bare number of the member stays."""

import threading

import pytest
from django.db import connections
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.models import Run
from core.runs.ports import RunView
from members.erasure import services as erasure
from members.erasure.handlers import EraseRun
from members.snapshots import services
from members.snapshots.models import SnapshotBatch
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_deletion_waits_for_the_snapshot_and_takes_its_number_along(
    brand, actor, settings, tmp_path
):
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    now = timezone.now()
    member = MemberFactory(brand=brand, display_name="欧阳若兰")
    other = MemberFactory(brand=brand, display_name="王芳")
    segment = SegmentFactory(brand=brand, tree={"op": "all", "items": []})
    with tenant(brand.pk):
        taken = services.take_snapshot(segment=segment, actor=actor, now=now)
        why = {"typed_name": member.display_name, "reason": "asked", "note": ""}
        erasure.request_erasure(member=member, **why, actor=actor, now=now)
        run = Run.objects.get(kind="erase_members")
    ended = threading.Event()

    def erase():
        try:
            with tenant(brand.pk):
                seen = RunView(run.pk, brand.pk, run.params, {}, 0, 1)
                EraseRun().step(run=seen, actor=actor, now=now)
            ended.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=erase)
    with tenant(brand.pk):
        services.freeze(snapshot=taken, actor=actor, now=now)
        thread.start()
        assert not ended.wait(1)
    thread.join()
    assert ended.is_set()
    with tenant(brand.pk):
        assert list(SnapshotBatch.objects.values_list("member_ids", flat=True)) == [[other.pk]]
