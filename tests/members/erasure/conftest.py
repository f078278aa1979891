from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs import services as runs
from members.erasure import services
from members.erasure.models import Erasure


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"


@pytest.fixture
def work(brand, django_capture_on_commit_callbacks):
    """Do what is due, as a worker would."""

    def done():
        with django_capture_on_commit_callbacks(execute=True):
            runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=60))

    return done


@pytest.fixture
def ask(brand, actor):
    """Ask for a member's deletion."""

    def asked(member, *, typed=None, reason="asked", now=None):
        with tenant(brand.pk):
            return services.request_erasure(
                member=member,
                typed_name=typed or member.display_name,
                reason=reason,
                note="工单 7",
                actor=actor,
                now=now or timezone.now(),
            )

    return asked


@pytest.fixture
def erase(ask, work, brand):
    """Delete a member by the product's own run."""

    def erased(member):
        made = ask(member)
        work()
        with tenant(brand.pk):
            made = Erasure.objects.get(pk=made.pk)
        assert made.state == Erasure.State.DONE
        return made

    return erased
