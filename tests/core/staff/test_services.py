import threading

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import Viewer, system_viewer
from core.kernel.errors import InvalidInput, NotFound
from core.kernel.scoping import CrossBrand, tenant
from core.staff import rules, services
from core.staff.models import Role, RoleGrant, Staff, StaffSession
from tests.factories.core import (
    BrandFactory,
    DealerFactory,
    RegionFactory,
    RoleGrantFactory,
    StaffFactory,
    StoreFactory,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def admin(brand, staff):
    """The HQ admin of ``staff``, as the services see them."""
    return Viewer(brand_id=brand.pk, label=staff.display_name, staff_id=staff.pk)


@pytest.fixture
def person(inside_brand):
    return StaffFactory(brand=inside_brand)


def actions():
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_new_person_must_change_the_initial_password(inside_brand, actor):
    staff, password = services.create_staff(
        username=" Lin ", display_name="林", email="", actor=actor, now=NOW
    )
    assert staff.username == "lin"
    assert staff.check_password(password)
    assert staff.must_change_password
    assert len(password) >= 19
    assert actions() == ["staff.created"]
    assert password not in str(AuditEntry.objects.get().data)


def test_user_names_are_unique_across_brands(inside_brand, actor):
    StaffFactory(brand=BrandFactory(), username="lin")
    with pytest.raises(InvalidInput) as refusal:
        services.create_staff(username="LIN", display_name="x", email="", actor=actor, now=NOW)
    assert refusal.value.problems[0].pointer == "/username"
    assert actions() == []


def test_editing_tells_which_fields_changed(person, actor):
    services.edit_staff(
        staff_id=person.pk, display_name="新名", email=person.email, actor=actor, now=NOW
    )
    assert AuditEntry.objects.get().data == {"fields": ["display_name"]}


def nodes_of(brand):
    dealer = DealerFactory(brand=brand)
    return {
        "region": RegionFactory(brand=brand),
        "dealer": dealer,
        "store": StoreFactory(brand=brand, dealer=dealer),
    }


FITTING = {role: set(nodes) for role, nodes in rules.NODES_OF_ROLE.items()}


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("node", ["brand", "region", "dealer", "store"])
def test_a_role_is_granted_only_where_it_fits(person, actor, role, node):
    scope = {} if node == "brand" else {node: nodes_of(person.brand)[node]}

    def grant():
        return services.grant_role(staff_id=person.pk, role=role, actor=actor, now=NOW, **scope)

    if node in FITTING[role]:
        grant()
        assert RoleGrant.objects.get().role == role
        assert actions() == ["staff.role_granted"]
    else:
        with pytest.raises(InvalidInput) as refusal:
            grant()
        assert refusal.value.problems[0].code == "scope"
        assert not RoleGrant.objects.exists()


def test_a_store_brings_its_dealer_along(person, actor):
    store = StoreFactory(brand=person.brand)
    grant = services.grant_role(
        staff_id=person.pk, role="dealer_staff", store=store, actor=actor, now=NOW
    )
    assert grant.dealer_id == store.dealer_id


def test_a_store_of_another_dealer_is_refused(person, actor):
    nodes = nodes_of(person.brand)
    with pytest.raises(InvalidInput):
        services.grant_role(
            staff_id=person.pk,
            role="dealer_staff",
            dealer=DealerFactory(brand=person.brand),
            store=nodes["store"],
            actor=actor,
            now=NOW,
        )


def test_the_same_role_is_granted_once(person, actor):
    services.grant_role(staff_id=person.pk, role="hq_operator", actor=actor, now=NOW)
    with pytest.raises(InvalidInput, match=r"already|已有"):
        services.grant_role(staff_id=person.pk, role="hq_operator", actor=actor, now=NOW)


def test_another_brands_dealer_is_refused(person, actor):
    with pytest.raises(CrossBrand):
        services.grant_role(
            staff_id=person.pk,
            role="dealer_manager",
            dealer=DealerFactory(),
            actor=actor,
            now=NOW,
        )


def test_another_brands_person_does_not_exist(inside_brand, actor):
    with pytest.raises(NotFound):
        services.deactivate(staff_id=StaffFactory().pk, actor=actor, now=NOW)


OWN_ACTS = {
    "grant": lambda staff, actor: services.grant_role(
        staff_id=staff.pk, role="analyst", actor=actor, now=NOW
    ),
    "lift": lambda staff, actor: services.lift_role(
        staff_id=staff.pk,
        grant_id=RoleGrant.objects.get(staff=staff).pk,
        actor=actor,
        now=NOW,
    ),
    "deactivate": lambda staff, actor: services.deactivate(staff_id=staff.pk, actor=actor, now=NOW),
    "reset": lambda staff, actor: services.reset_password(staff_id=staff.pk, actor=actor, now=NOW),
}


@pytest.mark.parametrize("act", OWN_ACTS.values(), ids=OWN_ACTS.keys())
def test_nobody_decides_about_their_own_access(inside_brand, staff, admin, act):
    other = StaffFactory(brand=inside_brand)
    RoleGrantFactory(brand=inside_brand, staff=other, role="hq_admin")
    with pytest.raises(services.OwnRoles):
        act(staff, admin)
    assert actions() == []
    assert RoleGrant.objects.filter(staff=staff).count() == 1


@pytest.mark.parametrize("act", ["lift", "deactivate"])
def test_the_last_admin_stays(inside_brand, staff, actor, act):
    retired = StaffFactory(brand=inside_brand, is_active=False)
    RoleGrantFactory(brand=inside_brand, staff=retired, role="hq_admin")
    with pytest.raises(services.LastAdmin):
        OWN_ACTS[act](staff, actor)
    assert Staff.objects.get(pk=staff.pk).is_active
    assert RoleGrant.objects.filter(staff=staff).exists()


def test_a_deactivated_person_is_signed_out_and_keeps_their_roles(inside_brand, person, actor):
    RoleGrantFactory(brand=inside_brand, staff=person, role="hq_operator")
    for key in "ab":
        StaffSession.objects.create(
            session_key=key * 32,
            session_data="",
            expire_date=NOW,
            staff_id=person.pk,
            created_at=NOW,
            seen_at=NOW,
        )
    services.deactivate(staff_id=person.pk, actor=actor, now=NOW)
    assert not StaffSession.objects.filter(staff_id=person.pk).exists()
    assert not Staff.objects.get(pk=person.pk).is_active
    services.reactivate(staff_id=person.pk, actor=actor, now=NOW)
    assert Staff.objects.get(pk=person.pk).is_active
    assert RoleGrant.objects.filter(staff=person).count() == 1
    assert actions() == ["staff.deactivated", "staff.reactivated"]


def test_a_new_password_ends_sessions_and_lockouts(person, actor):
    AccessAttempt.objects.create(
        username=person.username, ip_address="127.0.0.1", failures_since_start=9
    )
    old = person.password
    staff, password = services.reset_password(staff_id=person.pk, actor=actor, now=NOW)
    assert staff.password != old
    assert Staff.objects.get(pk=person.pk).check_password(password)
    assert staff.must_change_password
    assert not AccessAttempt.objects.filter(username=person.username).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(3))
def test_two_admins_cannot_remove_each_other(_round):
    """Both look at the same moment; the lock lets only one of them go through."""
    brand = BrandFactory()
    admins = [StaffFactory(brand=brand) for _n in range(2)]
    for admin in admins:
        RoleGrantFactory(brand=brand, staff=admin, role="hq_admin")
    start, outcomes = threading.Barrier(2), []

    def remove(target, by):
        viewer = Viewer(brand_id=brand.pk, label="x", staff_id=by.pk)
        start.wait()
        try:
            with tenant(brand.pk):
                services.deactivate(staff_id=target.pk, actor=viewer, now=NOW)
            outcomes.append("done")
        except services.LastAdmin:
            outcomes.append("refused")
        finally:
            connection.close()

    pairs = [(admins[0], admins[1]), (admins[1], admins[0])]
    threads = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert Staff.objects.filter(pk__in=[a.pk for a in admins], is_active=True).count() == 1


def test_the_system_may_set_up_the_first_admin(inside_brand):
    staff, _password = services.create_staff(
        username="first",
        display_name="First",
        email="",
        actor=system_viewer(inside_brand.pk),
        now=NOW,
    )
    services.grant_role(
        staff_id=staff.pk, role="hq_admin", actor=system_viewer(inside_brand.pk), now=NOW
    )
