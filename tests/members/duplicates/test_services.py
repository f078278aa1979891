from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.ports import RunView
from core.runs.services import work_due
from members.duplicates import finding, services
from members.duplicates.handlers import FindHandler
from members.duplicates.models import DuplicatePair
from members.merging.services import merge_members, undo_merge
from tests.factories.core import DealerFactory
from tests.factories.members import (
    IdentityFactory,
    MemberFactory,
    OwnershipFactory,
    VehicleFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def look(brand, actor):
    """Look for pairs, as a worker does; return (ids, score, reasons) of those to judge."""

    def run():
        with tenant(brand.pk):
            services.find_duplicates(actor=actor, now=timezone.now())
        work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
        with tenant(brand.pk):
            rows = DuplicatePair.objects.filter(state="open").order_by("pk")
            return [({r.first_id, r.second_id}, r.score, sorted(r.reasons)) for r in rows]

    return run


def test_a_walk_that_began_earlier_does_not_unsay_a_later_one(brand):
    for phone in ("+8613811110001", "+8613922220001"):
        MemberFactory(brand=brand, display_name="陈小宇", phone=phone)
    later = NOW + timedelta(minutes=1)
    with tenant(brand.pk):
        for as_of in (later, NOW):
            at = finding.beginning()
            while at.part is not None:
                at = finding.find(brand_id=brand.pk, at=at, as_of=as_of)
        assert finding.forget(brand_id=brand.pk, as_of=later) == 0
        assert DuplicatePair.objects.get().found_at == later


@pytest.mark.parametrize("stretch", [1, 50_000])
def test_every_reason_finds_its_pair_once(brand, look, monkeypatch, stretch):
    monkeypatch.setattr(finding, "STRETCH", stretch)

    def people(name, *phones, **more):
        return [MemberFactory(brand=brand, display_name=name, phone=p, **more) for p in phones]

    tail = people("陈小宇", "+8613811110001", "+8613922220001")
    at = DealerFactory(brand=brand)
    dealer = people("Li Lei", "+8613811112345", home_dealer=at)
    dealer += people("lilei", None, home_dealer=at)
    # Both have a phone, so that only the one without is like either of them.
    third = people("LiLei", "+8613811119999", home_dealer=at)
    seller, buyer = people("王芳", "+8613811113456", None)
    car = VehicleFactory(brand=brand)
    OwnershipFactory(brand=brand, vehicle=car, member=seller, ended_on=date(2025, 1, 1))
    OwnershipFactory(brand=brand, vehicle=car, member=buyer, delivered_on=date(2025, 1, 1))
    twins = MemberFactory.create_batch(2, brand=brand)
    IdentityFactory(brand=brand, member=twins[0], kind="app_user", value="oSAME")
    IdentityFactory(brand=brand, member=twins[1], kind="unionid", value="oSAME")
    # Nothing agrees beside the name, or the phone alone.
    people("王伟", "+8613811114001", "+8613811114002", home_dealer=at)
    people("赵一", "+8613811110009"), people("钱二", "+8613922220009")
    # So many share it that it says nothing.
    people("张伟", *[f"+86138{n}1118888" for n in range(1000, 1006)])
    wanted = [
        ({t.pk for t in twins}, 95, ["identity"]),
        ({seller.pk, buyer.pk}, 90, ["vehicle"]),
        ({t.pk for t in tail}, 80, ["name_tail"]),
        ({d.pk for d in dealer}, 60, ["name_dealer"]),
        ({dealer[1].pk, third[0].pk}, 60, ["name_dealer"]),
    ]

    def by_members(found):
        return sorted(found, key=lambda each: sorted(each[0]))

    assert by_members(look()) == by_members(wanted)
    assert by_members(look()) == by_members(wanted)


def test_reasons_add_up_and_what_holds_no_more_goes(brand, look):
    at = DealerFactory(brand=brand)
    first, second = (
        MemberFactory(brand=brand, display_name="陈小宇", phone=p, home_dealer=at)
        for p in ("+8613811110001", None)
    )
    IdentityFactory(brand=brand, member=first, kind="app_user", value="oSAME")
    IdentityFactory(brand=brand, member=second, kind="unionid", value="oSAME")
    assert look() == [({first.pk, second.pk}, 95, ["identity", "name_dealer"])]
    with tenant(brand.pk):
        second.display_name = "陈大宇"
        second.save(update_fields=["display_name"])
    assert look() == [({first.pk, second.pk}, 95, ["identity"])]
    with tenant(brand.pk):
        second.identities.all().delete()
    assert look() == []


def test_a_dismissed_pair_is_not_suggested_again(brand, actor, look):
    for phone in ("+8613811110001", "+8613922220001"):
        MemberFactory(brand=brand, display_name="陈小宇", phone=phone)
    assert len(look()) == 1
    with tenant(brand.pk):
        pair = DuplicatePair.objects.get()
        for _ in range(2):
            services.dismiss(pair=pair, actor=actor, now=NOW)
    assert look() == []
    with tenant(brand.pk):
        assert DuplicatePair.objects.get().state == "dismissed"


def test_a_pair_goes_with_its_merge_and_comes_back_with_its_undoing(brand, actor, look):
    for phone in ("+8613811110001", "+8613922220001"):
        MemberFactory(brand=brand, display_name="陈小宇", phone=phone)
    found = look()
    with tenant(brand.pk):
        pair = DuplicatePair.objects.get()
        merge = merge_members(
            winner_id=pair.first_id, loser_id=pair.second_id, actor=actor, now=NOW
        )
        assert not DuplicatePair.objects.exists()
        undo_merge(merge=merge, actor=actor, now=NOW)
        assert DuplicatePair.objects.get().pk == pair.pk
    assert look() == found


def test_a_walk_that_was_broken_off_goes_on_where_it_was(brand, actor, look, monkeypatch):
    monkeypatch.setattr(finding, "STRETCH", 1)
    for phone in ("+8613811110001", "+8613922220001", None):
        MemberFactory(brand=brand, display_name="陈小宇", phone=phone)
    with tenant(brand.pk):
        run = services.find_duplicates(actor=actor, now=timezone.now())
        handler, cursor, ends = FindHandler(), {}, []
        while not ends or not ends[-1].finished:
            seen = RunView(run.pk, brand.pk, run.params, cursor, len(ends), None)
            # The same step twice is what a killed worker leaves; it changes nothing.
            for _again in range(2):
                step = handler.step(run=seen, actor=actor, now=NOW)
            ends.append(step)
            cursor = step.cursor
        assert ends[-1].result["counts"]["open"] == 1
        assert DuplicatePair.objects.get().reasons == ["name_tail"]


def test_a_dealer_is_told_of_their_own_pairs_only(brand, actor):
    mine = DealerFactory(brand=brand)
    for dealer in (mine, DealerFactory(brand=brand), DealerFactory(brand=brand)):
        for phone in (f"+86138{dealer.pk:04}0001", f"+86139{dealer.pk:04}0001"):
            name = f"陈{'小大中'[dealer.pk % 3]}宇"
            MemberFactory(brand=brand, display_name=name, phone=phone, home_dealer=dealer)
    dealer_side = replace(actor, dealer_ids=frozenset({mine.pk}))
    with tenant(brand.pk):
        run = services.find_duplicates(actor=dealer_side, now=timezone.now())
    work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    with tenant(brand.pk):
        assert DuplicatePair.objects.count() >= 3
        run.refresh_from_db()
        assert run.result["counts"] == {"open": 1}


def test_one_search_at_a_time(brand, actor):
    now = timezone.now()
    with tenant(brand.pk):
        services.find_duplicates(actor=actor, now=now)
        with pytest.raises(services.AlreadyLooking):
            services.find_duplicates(actor=actor, now=now)
    work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    with tenant(brand.pk):
        assert services.find_duplicates(actor=actor, now=timezone.now()).is_open
