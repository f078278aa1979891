import pytest
from django.utils import timezone

from core.audit import anchors, services, tasks
from core.audit.models import AuditCheck
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def anchor_dir(settings, tmp_path):
    settings.AUDIT_ANCHOR_DIR = tmp_path


def test_beat_anchors_and_verifies(brand, settings):
    with tenant(brand.pk):
        services.record(
            action="test.happened",
            subject=brand,
            actor=system_viewer(brand.pk),
            now=timezone.now(),
        )
    rung = {entry["args"][0] for entry in settings.CELERY_BEAT_SCHEDULE.values() if "args" in entry}
    assert {tasks.anchor_head.name, tasks.check_chain.name} <= rung
    assert tasks.anchor_head(brand.pk)
    tasks.check_chain(brand.pk)
    assert [anchor.seq for anchor in anchors.read(brand_id=brand.pk)] == [1]
    with tenant(brand.pk):
        check = AuditCheck.objects.get()
    assert (check.seq, check.anchored_seq, check.faults) == (1, 1, [])
