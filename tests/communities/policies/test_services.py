from datetime import time

import pytest
from django.utils import timezone

from communities.policies import selectors, services
from communities.policies.models import CommunityPolicy
from core.audit.models import AuditEntry
from core.kernel.access import Viewer
from core.kernel.errors import Forbidden, InvalidInput, StaleVersion

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def policies(inside_brand, actor):
    services.install_default_policies(brand=inside_brand, actor=actor, now=NOW)


def change(actor, version=1, kind="service", **changes):
    return services.change_policy(
        kind=kind, changes=changes, policy_version=version, actor=actor, now=NOW
    )


def test_brand_starts_with_the_four_kinds_of_the_product(policies, inside_brand):
    held = selectors.current_policies(brand_id=inside_brand.pk)
    assert {
        kind: (p.room_cap, p.marketing_limit, p.marketing_window) for kind, p in held.items()
    } == {
        "flash": (200, 10, "day"),
        "service": (200, 1, "week"),
        "conversion": (200, 30, "day"),
        "core": (50, 1, "month"),
    }
    conversion = held["conversion"]
    assert (conversion.marketing_gap_minutes, conversion.quiet_until, conversion.quiet_from) == (
        20,
        time(9),
        time(21),
    )


def test_each_kind_is_entered_as_the_product_says(policies, inside_brand, actor):
    held = selectors.current_policies(brand_id=inside_brand.pk)
    assert {kind: p.entry for kind, p in held.items()} == {
        "flash": "join_code",
        "service": "segment",
        "conversion": "orders",
        "core": "invitation",
    }
    assert (held["conversion"].entry_orders, held["conversion"].entry_days) == (2, 180)
    change(actor, kind="conversion", entry_orders=3)
    entry = AuditEntry.objects.get(action="policy.changed")
    assert entry.data == {"entry_orders": ["2", "3"]}


def test_each_kind_lives_and_is_staffed_as_the_product_says(policies, inside_brand):
    held = selectors.current_policies(brand_id=inside_brand.pk)
    assert {kind: (p.lifespan, p.staff_least, p.staff_most) for kind, p in held.items()} == {
        "flash": ("event", 1, 1),
        "service": ("long", 1, 1),
        "conversion": ("long", 4, 6),
        "core": ("reviewed", 1, None),
    }
    flash = held["flash"]
    assert (flash.closing_hours, flash.name_template) == (24, "{start:%m月%d日%H点} {event}")


def test_installing_again_changes_nothing(policies, inside_brand, actor):
    assert services.install_default_policies(brand=inside_brand, actor=actor, now=NOW) == 0
    assert CommunityPolicy.objects.count() == 4


def test_change_makes_the_next_version_and_keeps_the_last(policies, inside_brand, actor):
    change(actor, room_cap=150)
    held = selectors.current_policy(brand_id=inside_brand.pk, kind="service")
    assert (held.policy_version, held.room_cap, held.marketing_limit) == (2, 150, 1)
    old, new = selectors.versions_of(brand_id=inside_brand.pk, kind="service")[::-1]
    assert (old.is_current, old.room_cap, new.is_current) == (False, 200, True)
    entry = AuditEntry.objects.get(action="policy.changed")
    assert entry.data == {"room_cap": ["200", "150"]}


def test_changing_nothing_writes_nothing(policies, actor):
    assert change(actor, room_cap=200).policy_version == 1
    assert CommunityPolicy.objects.filter(kind="service").count() == 1


def test_stale_version_is_refused(policies, actor):
    change(actor, room_cap=150)
    with pytest.raises(StaleVersion):
        change(actor, version=1, room_cap=100)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"room_cap": 1}, "/room_cap"),
        ({"room_cap": 2001}, "/room_cap"),
        ({"name_template": "{owner} {n}"}, "/name_template"),
        ({"name_template": "{city} {n"}, "/name_template"),
        ({"name_template": "{n}"}, "/name_template"),
        ({"quiet_from": time(21)}, "/quiet_until"),
        ({"quiet_from": time(9), "quiet_until": time(9)}, "/quiet_until"),
        ({"marketing_window": "year"}, "/marketing_window"),
        ({"alert_percent": 0}, "/alert_percent"),
        ({"entry": "ticket"}, "/entry"),
        ({"entry_orders": 0}, "/entry_orders"),
        ({"entry_days": 3651}, "/entry_days"),
        ({"lifespan": "short"}, "/lifespan"),
        ({"closing_hours": 721}, "/closing_hours"),
        ({"staff_least": 3, "staff_most": 2}, "/staff_most"),
        ({"staff_role": "x" * 61}, "/staff_role"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_field(policies, actor, changes, pointer):
    with pytest.raises(InvalidInput) as refusal:
        change(actor, **changes)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]
    assert CommunityPolicy.objects.filter(kind="service").count() == 1


def test_role_without_the_permission_may_not(policies, brand):
    with pytest.raises(Forbidden):
        change(Viewer(brand_id=brand.pk, label="x"), room_cap=100)


def test_kind_without_a_policy_says_so(inside_brand):
    with pytest.raises(selectors.PolicyMissing):
        selectors.current_policy(brand_id=inside_brand.pk, kind="service")
