from datetime import timedelta

import pytest
from django.utils import timezone

from communities.group_building import services
from communities.group_building.models import BuildRun
from communities.group_building.services import RuleWanted
from communities.policies.services import install_default_policies
from core.kernel.scoping import tenant
from core.runs.services import work_due
from members.privacy.models import Consent
from tests.factories.core import CityFactory, DealerFactory
from tests.factories.members import MemberFactory


def agree(*members):
    """Record that these members agreed to community invitations."""
    now = timezone.now()
    with tenant(members[0].brand_id):
        Consent.objects.bulk_create(
            Consent(
                brand_id=member.brand_id,
                member=member,
                purpose="community",
                version="1",
                given_at=now,
                evidence="test",
            )
            for member in members
        )


def work(brand):
    """Do whatever is due, as a worker would."""
    return work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=60))


@pytest.fixture
def policies(brand, actor):
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=timezone.now())


@pytest.fixture
def dealers(brand):
    """滨江 in 杭州 and 历下 in 济南."""
    jinan = CityFactory(code="3701", name="济南市", province_name="山东省")
    hangzhou = CityFactory(code="3301", name="杭州市", province_name="浙江省")
    return [
        DealerFactory(brand=brand, name="杭州滨江远航中心", city=hangzhou),
        DealerFactory(brand=brand, name="历下远航中心", city=jinan),
    ]


@pytest.fixture
def people(brand, dealers):
    """Five of the first dealer, three of the second; all agree."""
    found = [
        MemberFactory(brand=brand, home_dealer=dealer, city=dealer.city)
        for dealer, number in zip(dealers, (5, 3), strict=True)
        for _ in range(number)
    ]
    agree(*found)
    return found


@pytest.fixture
def make_rule(brand, actor, policies):
    def make(**changes):
        wanted = {"name": "By dealer", "kind": "service", "group_by": ("dealer",)} | changes
        with tenant(brand.pk):
            return services.create_rule(
                wanted=RuleWanted(**wanted), actor=actor, now=timezone.now()
            )

    return make


@pytest.fixture
def preview(brand, actor):
    """Plan a run of a rule and let a worker work it out."""

    def make(rule):
        with tenant(brand.pk):
            run = services.plan_run(rule_id=rule.pk, actor=actor, now=timezone.now())
        work(brand)
        return reload(run)

    return make


@pytest.fixture
def apply(brand, actor):
    """Confirm a run and let a worker apply it."""

    def make(run):
        with tenant(brand.pk):
            services.confirm_run(run_id=run.pk, actor=actor, now=timezone.now())
        work(brand)
        return reload(run)

    return make


def reload(run):
    with tenant(run.brand_id):
        return BuildRun.objects.select_related("plan_task", "apply_task").get(pk=run.pk)
