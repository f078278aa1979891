from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.api_keys.selectors import viewer_of
from core.api_keys.services import create_api_key
from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from core.staff.selectors import viewer_of_staff
from members.identities.models import Identity
from members.revealing import services
from members.revealing.models import Reveal, RevealTally
from members.revealing.services import OfAnother
from members.vehicles.models import Ownership
from tests.factories.members import MemberFactory, OwnershipFactory
from tests.members.revealing.conftest import car_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
WHY = {"reason": "call", "note": "asked for a call"}


@pytest.fixture
def member(inside_brand):
    return MemberFactory(brand=inside_brand, phone="+8613812341234")


@pytest.fixture
def person(brand):
    return Viewer(brand.pk, "Chen", staff_id=7, permissions=frozenset(Permission))


def reveal(member, actor, now=NOW, field="phone", **more):
    return services.reveal(member=member, field=field, actor=actor, now=now, **{**WHY, **more})


def test_shows_the_whole_number_and_keeps_who_whom_which_and_why(member, person):
    found = reveal(member, person)
    assert (found.value, found.left) == ("13812341234", 49)
    row = Reveal.objects.get()
    assert (row.member_id, row.field, row.reason, row.note) == (member.pk, "phone", *WHY.values())
    entry = AuditEntry.objects.get(action="member.revealed")
    assert (entry.actor_id, entry.subject_id) == (7, member.pk)
    assert entry.data == {"revealed": "phone", "why": "call", "of": None, "reveal": row.pk}


def test_the_trail_holds_neither_the_value_nor_the_note(member, person):
    reveal(member, person)
    told = str(AuditEntry.objects.values_list("data", flat=True).get())
    assert "1381" not in told
    assert WHY["note"] not in told


def test_a_car_of_the_member_shows_its_vin(member, person):
    car = car_of(member, "LSVAA4187E2184847")
    assert reveal(member, person, field="vin", of_id=car.pk).value == "LSVAA4187E2184847"


def test_a_car_that_somebody_else_owns_now_stays_masked_for_who_sold_it(member, person):
    car = car_of(member, "LSVAA4187E2184847")
    sold = Ownership.objects.filter(vehicle=car)
    sold.update(ended_on=date(2026, 2, 1))
    assert reveal(member, person, field="vin", of_id=car.pk).value  # Nobody's since.
    buyer = MemberFactory(brand=member.brand)
    OwnershipFactory(brand=member.brand, vehicle=car, member=buyer, delivered_on=date(2026, 2, 1))
    with pytest.raises(OfAnother, match="现任车主"):
        reveal(member, person, field="vin", of_id=car.pk)
    assert Reveal.objects.count() == 1
    assert RevealTally.objects.get().used == 1
    assert reveal(buyer, person, field="vin", of_id=car.pk).value == "LSVAA4187E2184847"


def test_a_name_in_another_system_is_shown(member, person):
    row = Identity.objects.create(
        brand=member.brand, member=member, kind="unionid", value="oABC123", created_at=NOW
    )
    assert reveal(member, person, field="identity", of_id=row.pk).value == "oABC123"


def test_what_belongs_to_somebody_else_is_not_there(member, person):
    other = car_of(MemberFactory(brand=member.brand), "LSVAA4187E2184847")
    with pytest.raises(NotFound):
        reveal(member, person, field="vin", of_id=other.pk)
    with pytest.raises(NotFound):
        reveal(member, person, field="identity", of_id=1)
    with pytest.raises(NotFound):
        reveal(MemberFactory(brand=member.brand), person)
    assert not RevealTally.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"field": "salary"}, "/field"),
        ({"reason": "curious"}, "/reason"),
        ({"note": "  "}, "/note"),
        ({"note": "x" * 201}, "/note"),
    ],
)
def test_needs_a_reason_in_words(member, person, wrong, pointer):
    with pytest.raises(InvalidInput) as refusal:
        reveal(member, person, **wrong)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]
    assert not Reveal.objects.exists()


def test_needs_the_permission(member, brand):
    viewer = Viewer(brand.pk, "Li", staff_id=8, permissions=frozenset({Permission.MEMBERS_VIEW}))
    with pytest.raises(Forbidden):
        reveal(member, viewer)


def test_the_cap_is_per_person_and_day(member, person, actor, brand):
    services.change_limit(per_day=2, actor=actor, now=NOW)
    assert [reveal(member, person).left for _ in range(2)] == [1, 0]
    with pytest.raises(services.TooManyReveals) as refusal:
        reveal(member, person)
    assert refusal.value.facts == {
        "per_day": 2,
        "resets_at": "2026-11-21T00:00:00+08:00",
        "retry_after": 12 * 3600 + 1,
    }
    colleague = Viewer(brand.pk, "Li", staff_id=8, permissions=frozenset(Permission))
    assert reveal(member, colleague).left == 1
    assert reveal(member, person, now=NOW + timedelta(hours=12)).left == 1
    assert Reveal.objects.count() == 4


def test_what_is_refused_leaves_nothing(member, person, actor):
    services.change_limit(per_day=0, actor=actor, now=NOW)
    with pytest.raises(services.TooManyReveals):
        reveal(member, person)
    assert not Reveal.objects.exists()
    assert not RevealTally.objects.exists()


def test_raising_the_limit_helps_at_once_and_is_on_record(member, person, actor):
    services.change_limit(per_day=1, actor=actor, now=NOW)
    reveal(member, person)
    services.change_limit(per_day=3, actor=actor, now=NOW)
    assert reveal(member, person).left == 1
    assert AuditEntry.objects.filter(action="reveal_limit.changed").count() == 2


def test_the_limit_has_a_range_and_needs_the_permission(actor, inside_brand, brand):
    with pytest.raises(InvalidInput):
        services.change_limit(per_day=10_001, actor=actor, now=NOW)
    viewer = Viewer(brand.pk, "Li", staff_id=8, permissions=frozenset({Permission.PRIVACY_VIEW}))
    with pytest.raises(Forbidden):
        services.change_limit(per_day=1, actor=viewer, now=NOW)


def test_counts_of_past_days_go(member, person, inside_brand):
    reveal(member, person, now=NOW - timedelta(days=1))
    reveal(member, person)
    assert RevealTally.objects.get().day == NOW.date()


def test_a_key_shares_the_cap_of_the_person_who_made_it(member, staff):
    maker = replace(viewer_of_staff(staff_id=staff.pk), permissions=frozenset(Permission))
    services.change_limit(per_day=2, actor=maker, now=NOW)
    keys = [
        create_api_key(
            name=name,
            permissions=[Permission.MEMBERS_REVEAL],
            expires_at=None,
            actor=maker,
            now=NOW,
        )[0]
        for name in ("CRM", "BI")
    ]
    for key in keys:
        reveal(member, viewer_of(key))
    for actor in (maker, viewer_of(keys[0])):
        with pytest.raises(services.TooManyReveals):
            reveal(member, actor)
