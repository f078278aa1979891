"""A deleted member's movements go, and nobody else's; before that, the person can be told them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs import services as runs
from events.points.models import PointsBalance, PointsEntry
from members.erasure import services as erasure
from members.erasure.models import Erasure
from members.erasure.ports import Asked
from members.subject_files import gathering
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"


def test_they_go_with_the_member(brand, actor, django_capture_on_commit_callbacks):
    gone, stays = MemberFactory.create_batch(2, brand=brand)
    for member in (gone, stays):
        post(member, 50, reason="双倍积分周")
        post(member, -20)
    now = timezone.now()
    with tenant(brand.pk):
        erasure.request_erasure(
            member=gone,
            typed_name=gone.display_name,
            reason="asked",
            note="",
            actor=actor,
            now=now,
        )
    with django_capture_on_commit_callbacks(execute=True):
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=60))
    with tenant(brand.pk):
        assert Erasure.objects.get().state == Erasure.State.DONE
        for model in (PointsEntry, PointsBalance):
            assert set(model.objects.values_list("member_id", flat=True)) == {stays.pk}
    assert balance(stays) == 30


def test_the_person_is_told_all_of_it(inside_brand):
    member = MemberFactory(brand=inside_brand)
    post(member, 50, reason="双倍积分周")
    post(member, -20)
    asked = Asked(inside_brand.pk, member.pk, whole=False)
    parts = {part.key: part for part in gathering.parts_of(asked=asked)}
    assert [row["amount"] for row in parts["pointsentry"].rows] == [50, -20]
    assert "双倍积分周" in parts["pointsentry"].shown()[0]
    balances = {row["ledger"]: row["balance"] for row in parts["pointsbalance"].rows}
    assert balances == {"points": 30, "contribution": 0}
