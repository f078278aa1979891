import pytest
from django.utils import timezone

from core.exports.models import ExportRequest
from core.exports.tasks import lapse_export_requests
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db


def test_requests_that_nobody_answers_lapse(brand, waiting):
    assert lapse_export_requests(brand.pk) == 0
    with tenant(brand.pk):
        ExportRequest.objects.update(lapses_at=timezone.now())
    assert lapse_export_requests(brand.pk) == 1
