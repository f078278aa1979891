"""Who is deleted while a run is still giving seats."""

from __future__ import annotations

import pytest
from django.utils import timezone

from communities.group_building import applying, personal, services
from communities.group_building.invariants import INVARIANTS
from communities.group_building.models import BuildRun, CandidateBatch
from communities.memberships.models import Membership
from core.kernel.invariants import check
from core.kernel.scoping import tenant
from core.runs import services as runs
from members.erasure.ports import Erasing
from tests.communities.group_building.conftest import reload, work

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("people")
def test_a_run_does_not_count_who_was_deleted_before_it_ended(
    brand, actor, make_rule, preview, monkeypatch
):
    monkeypatch.setattr(CandidateBatch, "SIZE", 1)
    monkeypatch.setattr(applying, "BATCH_PEOPLE", 3)
    run = preview(make_rule())
    with tenant(brand.pk):
        services.confirm_run(run_id=run.pk, actor=actor, now=timezone.now())
    step, gone = runs._step, []

    def delete_one_after_the_first(held, clock):
        result = step(held, clock)
        if not gone:
            with tenant(brand.pk):
                gone.append(Membership.objects.values_list("member_id", flat=True).first())
                erasing = Erasing(brand_id=brand.pk, ids=tuple(gone), now=timezone.now())
                personal._recount(erasing)
                Membership.objects.filter(member_id=gone[0]).delete()
        return result

    monkeypatch.setattr(runs, "_step", delete_one_after_the_first)
    work(brand)
    run = reload(run)
    assert (run.state, run.report["placed"]) == (BuildRun.State.APPLIED, 7)
    for invariant in INVARIANTS:
        assert check(invariant=invariant, brand=brand, using="default").breaches == 0
