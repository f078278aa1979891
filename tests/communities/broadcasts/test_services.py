from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from communities.broadcasts import services
from communities.broadcasts.audience import Audience
from communities.broadcasts.drafts import Draft
from communities.broadcasts.models import Broadcast, Delivery
from communities.broadcasts.services import NothingToSend, WrongState
from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound, StaleVersion
from members.privacy.models import Consent
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)
from tests.factories.core import CityFactory, DealerFactory
from tests.factories.members import MemberFactory

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=ZONE)  # a Saturday
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=ZONE)

pytestmark = pytest.mark.django_db


def room_with(brand, *members, kind="service", **fields):
    community = fields.pop("community", None) or CommunityFactory(brand=brand, kind=kind)
    room = RoomFactory(brand=brand, community=community, **fields)
    for member in members or [MemberFactory(brand=brand)]:
        MembershipFactory(brand=brand, room=room, community=community, member=member)
    return room


def marketing(brand, **fields):
    return BroadcastFactory(brand=brand, purpose="marketing", **fields)


def had_marketing(room, at):
    broadcast = BroadcastFactory(brand=room.brand, state="sent", scheduled_at=at)
    DeliveryFactory(
        brand=room.brand, broadcast=broadcast, room=room, due_at=at, is_marketing=True, state="sent"
    )


def draft(**fields):
    return Draft(
        **({"name": "冬季保养季", "purpose": "service", "body": "{群名}，降温了"} | fields)
    )


def reasons(exclusions):
    return {(one.reason, one.kind): one.rooms for one in exclusions}


class TestDrafts:
    def test_a_draft_is_kept_with_its_author(self, inside_brand, actor):
        row = services.save_draft(draft=draft(), actor=actor, now=NOW)
        assert (row.state, row.created_by_label, row.scheduled_at) == ("draft", "system", None)
        assert AuditEntry.objects.get().action == "broadcast.drafted"

    @pytest.mark.parametrize(
        ("fields", "pointer", "said"),
        [
            ({"name": " "}, "/name", "80"),
            ({"body": ""}, "/body", ""),
            ({"body": "x" * 601}, "/body", "600"),
            ({"body": "嗨 {昵称}"}, "/body", "{昵称}"),
            ({"body": "a\x07b"}, "/body", ""),
            ({"purpose": "spam"}, "/purpose", ""),
            ({"link": "javascript:alert(1)"}, "/link", "https://"),
            ({"scheduled_at": NOW - timedelta(hours=1)}, "/scheduled_at", ""),
            ({"scheduled_at": NOW + timedelta(days=400)}, "/scheduled_at", "180"),
            ({"audience": Audience(kinds=("secret",))}, "/audience/kinds", ""),
            ({"audience": Audience(community_ids=(1,))}, "/audience/community_ids", ""),
            ({"audience": Audience(dealer_ids=(1,))}, "/audience/dealer_ids", ""),
            ({"audience": Audience(city_codes=("0000",))}, "/audience/city_codes", ""),
            ({"dealer_id": 1}, "/dealer_id", ""),
        ],
    )
    def test_what_cannot_be_used_is_named(self, inside_brand, actor, fields, pointer, said):
        with pytest.raises(InvalidInput) as refused:
            services.save_draft(draft=draft(**fields), actor=actor, now=NOW)
        [problem] = refused.value.problems
        assert problem.pointer == pointer
        assert said in problem.detail
        assert not Broadcast.objects.exists()

    def test_everything_wrong_is_told_at_once(self, inside_brand, actor):
        bad = draft(name="", body="{x} {y}", link="x")
        with pytest.raises(InvalidInput) as refused:
            services.save_draft(draft=bad, actor=actor, now=NOW)
        assert len(refused.value.problems) == 4

    def test_an_older_version_does_not_overwrite_a_newer_one(self, inside_brand, actor):
        row = services.save_draft(draft=draft(), actor=actor, now=NOW)
        again = {"actor": actor, "now": NOW, "broadcast_id": row.pk, "version": 1}
        services.save_draft(draft=draft(name="二"), **again)
        with pytest.raises(StaleVersion):
            services.save_draft(draft=draft(name="三"), **again)
        assert Broadcast.objects.get().name == "二"

    def test_a_dealer_writes_in_its_own_name(self, inside_brand):
        dealer = DealerFactory(brand=inside_brand)
        viewer = dealer_viewer(inside_brand, dealer)
        row = services.save_draft(draft=draft(), actor=viewer, now=NOW)
        assert row.dealer_id == dealer.pk

    def test_whoever_has_several_dealers_must_choose(self, inside_brand):
        viewer = dealer_viewer(inside_brand, *DealerFactory.create_batch(2, brand=inside_brand))
        with pytest.raises(InvalidInput):
            services.save_draft(draft=draft(), actor=viewer, now=NOW)

    def test_another_dealers_community_does_not_exist(self, inside_brand):
        mine, other = DealerFactory.create_batch(2, brand=inside_brand)
        community = CommunityFactory(brand=inside_brand, dealer=other)
        aimed = draft(audience=Audience(community_ids=(community.pk,)))
        with pytest.raises(InvalidInput):
            services.save_draft(draft=aimed, actor=dealer_viewer(inside_brand, mine), now=NOW)

    def test_it_takes_the_permission(self, inside_brand):
        viewer = Viewer(brand_id=inside_brand.pk, label="analyst")
        with pytest.raises(Forbidden):
            services.save_draft(draft=draft(), actor=viewer, now=NOW)


def dealer_viewer(brand, *dealers):
    return Viewer(
        brand_id=brand.pk,
        label="dealer",
        permissions=frozenset({Permission.BROADCASTS_SEND}),
        dealer_ids=frozenset(dealer.pk for dealer in dealers),
    )


class TestDryRun:
    def test_counts_each_person_once(self, inside_brand):
        both, one = MemberFactory.create_batch(2, brand=inside_brand)
        room_with(inside_brand, both, one)
        room_with(inside_brand, both)
        plan = services.dry_run(broadcast=BroadcastFactory(brand=inside_brand), now=NOW)
        assert (len(plan.room_ids), plan.people, plan.seats) == (2, 2, 3)

    def test_narrows_by_each_condition_given(self, inside_brand):
        dealer = DealerFactory(brand=inside_brand)
        fits = CommunityFactory(
            brand=inside_brand, kind="conversion", dealer=dealer, city=CityFactory()
        )
        other = CityFactory(code="3100", name="上海")
        wanted = room_with(inside_brand, community=fits)
        for fields in (
            {"kind": "service", "dealer": dealer, "city": fits.city},
            {"kind": "conversion", "city": fits.city},
            {"kind": "conversion", "dealer": dealer, "city": other},
        ):
            room_with(inside_brand, community=CommunityFactory(brand=inside_brand, **fields))
        audience = Audience(
            kinds=("conversion",), dealer_ids=(dealer.pk,), city_codes=(fits.city_id,)
        ).as_json()
        broadcast = BroadcastFactory(brand=inside_brand, audience=audience)
        assert services.dry_run(broadcast=broadcast, now=NOW).room_ids == [wanted.pk]

    def test_a_dealers_broadcast_reaches_its_own_rooms_only(self, inside_brand):
        mine, other = DealerFactory.create_batch(2, brand=inside_brand)
        for dealer in (mine, other, None):
            community = CommunityFactory(brand=inside_brand, dealer=dealer)
            room_with(inside_brand, community=community)
        plan = services.dry_run(
            broadcast=BroadcastFactory(brand=inside_brand, dealer=mine), now=NOW
        )
        assert len(plan.verdicts) == 1

    def test_tells_why_rooms_are_left_out(self, inside_brand):
        closing = CommunityFactory(brand=inside_brand, state="closing")
        room_with(inside_brand, community=closing)
        room_with(inside_brand, state="archived")
        RoomFactory(brand=inside_brand)
        room_with(inside_brand)
        gone = CommunityFactory(brand=inside_brand, state="archived")
        room_with(inside_brand, community=gone)
        plan = services.dry_run(broadcast=BroadcastFactory(brand=inside_brand), now=NOW)
        assert reasons(plan.exclusions) == {
            ("closed", ""): 1,
            ("archived", ""): 1,
            ("empty", ""): 1,
        }
        assert len(plan.room_ids) == 1

    def test_an_archived_community_is_told_of_when_it_is_named(self, inside_brand):
        gone = CommunityFactory(brand=inside_brand, state="archived")
        room_with(inside_brand, community=gone)
        audience = Audience(community_ids=(gone.pk,)).as_json()
        broadcast = BroadcastFactory(brand=inside_brand, audience=audience)
        plan = services.dry_run(broadcast=broadcast, now=NOW)
        assert reasons(plan.exclusions) == {("closed", ""): 1}

    def test_a_second_marketing_message_of_the_week_names_the_next_allowed_time(self, inside_brand):
        PolicyFactory(brand=inside_brand, kind="service")
        full, free = room_with(inside_brand), room_with(inside_brand)
        had_marketing(full, NOW - timedelta(days=3))
        plan = services.dry_run(broadcast=marketing(inside_brand), now=NOW)
        assert plan.room_ids == [free.pk]
        [exclusion] = plan.exclusions
        assert (exclusion.reason, exclusion.kind, exclusion.people) == ("quota", "service", 1)
        assert exclusion.next_allowed_at == MONDAY

    def test_last_weeks_marketing_and_service_notices_do_not_count(self, inside_brand):
        PolicyFactory(brand=inside_brand, kind="service")
        room = room_with(inside_brand)
        had_marketing(room, NOW - timedelta(days=6))
        DeliveryFactory(brand=inside_brand, room=room, due_at=NOW, state="sent")
        assert services.dry_run(broadcast=marketing(inside_brand), now=NOW).room_ids == [room.pk]

    def test_marketing_that_failed_or_was_cancelled_gives_its_allowance_back(self, inside_brand):
        PolicyFactory(brand=inside_brand, kind="service")
        room = room_with(inside_brand)
        had_marketing(room, NOW)
        Delivery.objects.update(state="failed")
        assert services.dry_run(broadcast=marketing(inside_brand), now=NOW).room_ids == [room.pk]

    def test_quiet_hours_and_gaps_of_each_kind(self, inside_brand):
        PolicyFactory(
            brand=inside_brand,
            kind="conversion",
            marketing_limit=30,
            marketing_window="day",
            marketing_gap_minutes=20,
            quiet_from=time(21),
            quiet_until=time(9),
        )
        room = room_with(inside_brand, kind="conversion")
        had_marketing(room, NOW - timedelta(minutes=5))
        broadcast = marketing(inside_brand)
        [near] = services.dry_run(broadcast=broadcast, now=NOW).exclusions
        assert (near.reason, near.next_allowed_at) == ("gap", NOW + timedelta(minutes=15))
        broadcast.scheduled_at = NOW.replace(hour=22)
        [night] = services.dry_run(broadcast=broadcast, now=NOW).exclusions
        assert night.reason == "quiet_hours"
        assert night.next_allowed_at == NOW.replace(hour=9) + timedelta(days=1)

    def test_a_kind_without_policy_gets_no_marketing(self, inside_brand):
        room_with(inside_brand)
        plan = services.dry_run(broadcast=marketing(inside_brand), now=NOW)
        assert reasons(plan.exclusions) == {("no_policy", "service"): 1}

    def test_tells_how_many_people_have_not_agreed_to_marketing(self, inside_brand):
        PolicyFactory(brand=inside_brand, kind="service")
        agreed, silent, withdrew = MemberFactory.create_batch(3, brand=inside_brand)
        room_with(inside_brand, agreed, silent, withdrew)
        for member, ended in ((agreed, None), (withdrew, NOW)):
            Consent.objects.create(
                brand=inside_brand,
                member=member,
                purpose="marketing",
                given_at=NOW,
                withdrawn_at=ended,
            )
        plan = services.dry_run(broadcast=marketing(inside_brand), now=NOW)
        assert (plan.people, plan.no_consent) == (3, 2)

    def test_tells_where_a_variable_has_nothing_to_say(self, inside_brand):
        room_with(inside_brand)
        broadcast = BroadcastFactory(brand=inside_brand, body="{城市}的朋友，{room}")
        assert services.dry_run(broadcast=broadcast, now=NOW).fallbacks == {"city": 1}

    def test_writes_nothing_and_takes_few_queries(
        self, inside_brand, django_assert_max_num_queries
    ):
        PolicyFactory(brand=inside_brand, kind="service")
        for _ in range(5):
            had_marketing(room_with(inside_brand), NOW)
        broadcast = marketing(inside_brand, body="{city}")
        with django_assert_max_num_queries(8):
            services.dry_run(broadcast=broadcast, now=NOW)


class TestConfirm:
    def test_leaves_one_delivery_per_room_and_rings(self, inside_brand, actor):
        rooms = [room_with(inside_brand) for _ in range(3)]
        broadcast = BroadcastFactory(brand=inside_brand)
        confirmed = services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        assert confirmed.rooms == 3
        deliveries = Delivery.objects.order_by("room")
        assert [row.room_id for row in deliveries] == [room.pk for room in rooms]
        assert {(row.state, row.due_at, row.fence) for row in deliveries} == {("due", NOW, 0)}
        broadcast.refresh_from_db()
        assert (broadcast.state, broadcast.room_count, broadcast.people_count) == ("sending", 3, 3)
        assert AuditEntry.objects.get().data == {"rooms": 3}

    def test_one_for_later_waits(self, inside_brand, actor):
        room_with(inside_brand)
        later = NOW + timedelta(hours=5)
        broadcast = BroadcastFactory(brand=inside_brand, scheduled_at=later)
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        broadcast.refresh_from_db()
        assert (broadcast.state, Delivery.objects.get().claimable_at) == ("scheduled", later)

    def test_a_time_that_passed_meanwhile_means_now(self, inside_brand, actor):
        room_with(inside_brand)
        broadcast = BroadcastFactory(brand=inside_brand, scheduled_at=NOW - timedelta(hours=1))
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        assert Delivery.objects.get().due_at == NOW

    def test_is_refused_with_reason_and_next_time_when_no_room_is_left(self, inside_brand, actor):
        PolicyFactory(brand=inside_brand, kind="service")
        had_marketing(room_with(inside_brand), NOW)
        broadcast = marketing(inside_brand)
        with pytest.raises(NothingToSend) as refused:
            services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        assert refused.value.facts["next_allowed_at"] == MONDAY.isoformat()
        assert refused.value.facts["exclusions"][0]["reason"] == "quota"
        broadcast.refresh_from_db()
        assert broadcast.state == "draft"
        assert Delivery.objects.filter(broadcast=broadcast).count() == 0

    def test_sends_to_the_rest_and_remembers_who_was_left_out(self, inside_brand, actor):
        PolicyFactory(brand=inside_brand, kind="service")
        had_marketing(room_with(inside_brand), NOW)
        free = room_with(inside_brand)
        broadcast = marketing(inside_brand)
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        assert Delivery.objects.get(broadcast=broadcast).room_id == free.pk
        broadcast.refresh_from_db()
        [left_out] = broadcast.excluded
        assert (left_out["reason"], left_out["rooms"]) == ("quota", 1)

    def test_twice_is_refused(self, inside_brand, actor):
        room_with(inside_brand)
        broadcast = BroadcastFactory(brand=inside_brand)
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        with pytest.raises(WrongState):
            services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        assert Delivery.objects.count() == 1

    def test_a_draft_changed_meanwhile_is_not_confirmed(self, inside_brand, actor):
        room_with(inside_brand)
        broadcast = BroadcastFactory(brand=inside_brand, version=2)
        with pytest.raises(StaleVersion):
            services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW, version=1)

    def test_another_dealers_draft_does_not_exist(self, inside_brand):
        mine, other = DealerFactory.create_batch(2, brand=inside_brand)
        broadcast = BroadcastFactory(brand=inside_brand, dealer=other)
        viewer = dealer_viewer(inside_brand, mine)
        with pytest.raises(NotFound):
            services.confirm(broadcast_id=broadcast.pk, actor=viewer, now=NOW)

    def test_takes_the_same_number_of_statements_for_any_number_of_rooms(
        self, inside_brand, actor, django_assert_max_num_queries
    ):
        for _ in range(12):
            room_with(inside_brand)
        broadcast = BroadcastFactory(brand=inside_brand)
        with django_assert_max_num_queries(22):
            services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)


class TestPauseResumeCancel:
    @pytest.fixture
    def sending(self, inside_brand, actor):
        PolicyFactory(brand=inside_brand, kind="service")
        for _ in range(3):
            room_with(inside_brand)
        broadcast = marketing(inside_brand)
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        first = Delivery.objects.order_by("pk").first()
        Delivery.objects.filter(pk=first.pk).update(state="claimed", fence=1)
        return broadcast

    def states(self):
        return sorted(Delivery.objects.values_list("state", flat=True))

    def test_pausing_holds_what_is_due_and_leaves_what_is_in_hand(self, sending, actor):
        services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
        assert self.states() == ["claimed", "held", "held"]

    def test_going_on_makes_it_due_again(self, sending, actor):
        services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
        resumed = services.resume(broadcast_id=sending.pk, actor=actor, now=NOW)
        assert resumed.rooms == 2
        assert self.states() == ["claimed", "due", "due"]
        sending.refresh_from_db()
        assert sending.state == "sending"

    def test_going_on_leaves_out_rooms_whose_allowance_others_used_meanwhile(self, sending, actor):
        services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
        later = NOW + timedelta(days=7)
        held = Delivery.objects.filter(state="held").first()
        had_marketing(held.room, later)
        resumed = services.resume(broadcast_id=sending.pk, actor=actor, now=later)
        assert (resumed.rooms, reasons(resumed.exclusions)) == (1, {("quota", "service"): 1})
        held.refresh_from_db()
        assert (held.state, held.error) == ("cancelled", "left_out")
        assert Delivery.objects.get(state="due", broadcast=sending).due_at == later

    def test_going_on_is_refused_when_no_room_is_left(self, sending, actor):
        services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
        for held in Delivery.objects.filter(state="held"):
            had_marketing(held.room, NOW)
        with pytest.raises(NothingToSend):
            services.resume(broadcast_id=sending.pk, actor=actor, now=NOW)
        sending.refresh_from_db()
        assert sending.state == "paused"

    @pytest.mark.parametrize("paused_before", [True, False])
    def test_cancelling_calls_off_what_was_not_begun(self, sending, actor, paused_before):
        if paused_before:
            services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
        services.cancel(broadcast_id=sending.pk, actor=actor, now=NOW)
        assert self.states() == ["cancelled", "cancelled", "claimed"]
        sending.refresh_from_db()
        assert (sending.state, sending.finished_at) == ("cancelled", NOW)

    def test_a_draft_can_be_cancelled_too(self, inside_brand, actor):
        broadcast = BroadcastFactory(brand=inside_brand)
        assert services.cancel(broadcast_id=broadcast.pk, actor=actor, now=NOW).state == "cancelled"

    @pytest.mark.parametrize(
        ("act", "state"),
        [
            (services.pause, "draft"),
            (services.pause, "paused"),
            (services.resume, "sending"),
            (services.cancel, "sent"),
            (services.cancel, "cancelled"),
        ],
    )
    def test_what_the_state_forbids_is_refused(self, inside_brand, actor, act, state):
        broadcast = BroadcastFactory(brand=inside_brand, state=state, scheduled_at=NOW)
        with pytest.raises(WrongState):
            act(broadcast_id=broadcast.pk, actor=actor, now=NOW)
        broadcast.refresh_from_db()
        assert broadcast.state == state
