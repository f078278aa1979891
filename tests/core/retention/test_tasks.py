import pytest

from core.retention.tasks import purge_due

pytestmark = pytest.mark.django_db


def test_an_empty_brand_has_nothing_to_empty(brand):
    assert purge_due(brand.pk) == 0
