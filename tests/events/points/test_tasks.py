from datetime import timedelta

import pytest
from django.utils import timezone

from events.points.tasks import expire_points
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db


def test_everything_due_runs_out_and_a_second_bell_is_harmless(brand):
    past = timezone.now() - timedelta(days=2)
    people = MemberFactory.create_batch(3, brand=brand)
    for person in people:
        post(person, 10, now=past, occurred_at=past, expires_at=past + timedelta(days=1))
    assert expire_points(brand.pk) == 3
    assert [balance(person) for person in people] == [0, 0, 0]
    assert expire_points(brand.pk) == 0
