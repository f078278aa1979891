from datetime import timedelta

import pytest
from django.utils import timezone

from communities.broadcasts import delivering
from communities.broadcasts.models import Broadcast, Delivery
from core.kernel.scoping import tenant
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)
from tests.factories.core import CityFactory, DealerFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db

BROADCASTS = "/communities/broadcasts/"
HTMX = {"HX-Request": "true"}


def typed(**fields):
    return {
        "name": "冬季保养季",
        "purpose": "service",
        "body": "{群名}，降温了",
        "when": "now",
        "then": "save",
    } | fields


def room_with_a_member(brand, **fields):
    room = RoomFactory(brand=brand, **fields)
    MembershipFactory(brand=brand, room=room)
    return room


def only(model, brand):
    with tenant(brand.pk):
        return model.objects.get()


def text_of(response):
    return response.content.decode()


@pytest.fixture
def dealer_client(client, brand):
    """A browser session of the manager of one dealer, which is returned with it."""
    dealer = DealerFactory(brand=brand)
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_manager", dealer=dealer)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client, dealer


class TestList:
    def test_shows_state_audience_and_progress(self, signed_in, brand):
        dealer, city = DealerFactory(brand=brand, name="滨江店"), CityFactory()
        BroadcastFactory(
            brand=brand,
            name="群发一",
            state="sent",
            scheduled_at=timezone.now(),
            confirmed_at=timezone.now(),
            sent_count=27,
            failed_count=1,
            audience={"kinds": ["service"], "dealer_ids": [dealer.pk], "city_codes": [city.pk]},
        )
        page = text_of(signed_in.get(BROADCASTS))
        for words in ("群发一", "滨江店", "杭州", "27 / 28"):
            assert words in page

    def test_costs_the_same_however_long_it_is(self, signed_in, brand, query_budget):
        dealer = DealerFactory(brand=brand)
        for state in ["sent", "sending", "draft", "paused"] * 4:
            row = BroadcastFactory(
                brand=brand,
                state=state,
                scheduled_at=timezone.now(),
                audience={"dealer_ids": [dealer.pk]},
            )
            DeliveryFactory(brand=brand, broadcast=row)
        with query_budget(7):
            assert signed_in.get(BROADCASTS).status_code == 200

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("state=draft", {"甲"}),
            ("purpose=marketing", {"乙"}),
            ("kind=core", {"乙"}),
            ("q=甲", {"甲"}),
            ("since=2026-11-21&state=sent", {"乙"}),
            ("until=2026-11-20&state=sent", set()),
            ("since=nonsense", set()),
        ],
    )
    def test_filters_live_in_the_address(self, signed_in, brand, query, found):
        BroadcastFactory(brand=brand, name="甲")
        at = timezone.datetime(2026, 11, 21, 12, tzinfo=timezone.get_default_timezone())
        BroadcastFactory(
            brand=brand,
            name="乙",
            state="sent",
            purpose="marketing",
            scheduled_at=at,
            audience={"kinds": ["core"]},
        )
        page = text_of(signed_in.get(f"{BROADCASTS}?{query}", headers=HTMX))
        assert {name for name in "甲乙" if f">{name}</a>" in page} == found

    def test_pages_by_key(self, signed_in, brand):
        BroadcastFactory.create_batch(31, brand=brand)
        first = signed_in.get(BROADCASTS)
        second = signed_in.get(f"{BROADCASTS}?after={first.context['next']}", headers=HTMX)
        assert (len(first.context["rows"]), len(second.context["rows"])) == (30, 1)

    def test_says_what_to_do_first(self, signed_in):
        assert f"{BROADCASTS}new/" in text_of(signed_in.get(BROADCASTS))


class TestComposer:
    def test_offers_everything(self, signed_in):
        page = text_of(signed_in.get(f"{BROADCASTS}new/"))
        for name in ("body", "kinds", "when", "purpose"):
            assert f'name="{name}"' in page

    def test_saves_a_draft_with_its_audience(self, signed_in, brand):
        community = CommunityFactory(brand=brand)
        response = signed_in.post(
            f"{BROADCASTS}new/",
            typed(
                kinds=["service", "core"],
                city_codes=[CityFactory().pk],
                community_ids=[community.pk],
                when="later",
                date="2030-01-02",
                time="10:30",
            ),
        )
        assert response.status_code == 422  # more than half a year ahead
        tomorrow = timezone.localtime() + timedelta(days=1)
        response = signed_in.post(
            f"{BROADCASTS}new/",
            typed(
                kinds=["service", "core"],
                community_ids=[community.pk],
                when="later",
                date=tomorrow.date(),
                time="10:30",
            ),
        )
        row = only(Broadcast, brand)
        assert response["Location"] == f"{BROADCASTS}{row.pk}/"
        assert row.audience["kinds"] == ["core", "service"]
        assert row.audience["community_ids"] == [community.pk]
        assert timezone.localtime(row.scheduled_at).strftime("%H:%M") == "10:30"

    def test_goes_on_to_the_confirmation_when_asked(self, signed_in, brand):
        response = signed_in.post(f"{BROADCASTS}new/", typed(then="confirm"))
        assert response["Location"].endswith("/?confirm=1")
        asked = signed_in.get(response["Location"])
        assert "load, click" in text_of(asked)

    def test_keeps_what_was_typed_and_names_what_is_wrong(self, signed_in, brand):
        response = signed_in.post(
            f"{BROADCASTS}new/", typed(name="", body="嗨 {昵称}", link="a.cn", when="later")
        )
        page = text_of(response)
        assert response.status_code == 422
        assert set(response.context["form"].errors) == {"name", "date", "time"}
        assert "嗨 {昵称}" in page
        response = signed_in.post(f"{BROADCASTS}new/", typed(body="嗨 {昵称}", link="a.cn"))
        assert set(response.context["form"].errors) == {"body", "link"}
        with tenant(brand.pk):
            assert not Broadcast.objects.exists()

    def test_somebody_elses_change_is_not_overwritten(self, signed_in, brand):
        row = BroadcastFactory(brand=brand, version=2, name="别人的")
        url = f"{BROADCASTS}{row.pk}/edit/"
        assert signed_in.post(url, typed(version=1)).status_code == 412
        assert only(Broadcast, brand).name == "别人的"
        assert signed_in.post(url, typed(version=2)).status_code == 302

    def test_shows_a_draft_as_it_was_saved(self, signed_in, brand):
        community = CommunityFactory(brand=brand, name="滨江")
        row = BroadcastFactory(
            brand=brand, audience={"kinds": ["core"], "community_ids": [community.pk]}
        )
        page = text_of(signed_in.get(f"{BROADCASTS}{row.pk}/edit/"))
        assert f'name="community_ids" value="{community.pk}" checked' in page
        assert "滨江" in page

    def test_what_is_confirmed_can_no_longer_be_changed(self, signed_in, brand):
        row = BroadcastFactory(brand=brand, state="sent", scheduled_at=timezone.now())
        assert signed_in.get(f"{BROADCASTS}{row.pk}/edit/").status_code == 302

    def test_a_trial_counts_before_the_text_is_written(self, signed_in, brand):
        room_with_a_member(brand)
        room_with_a_member(brand, state="archived")
        response = signed_in.post(f"{BROADCASTS}trial/", {"when": "now"}, headers=HTMX)
        assert response.context["rooms"] == 1
        assert "bar-summary" in text_of(response)
        with tenant(brand.pk):
            assert not Broadcast.objects.exists()

    def test_a_trial_tells_what_the_policy_leaves_out_and_until_when(self, signed_in, brand):
        PolicyFactory(brand=brand, kind="service")
        room = room_with_a_member(brand)
        DeliveryFactory(brand=brand, room=room, is_marketing=True, state="sent")
        response = signed_in.post(f"{BROADCASTS}trial/", {"purpose": "marketing", "when": "now"})
        [shown] = response.context["exclusions"]
        assert (shown.rooms, response.context["rooms"]) == (1, 0)
        assert shown.detail

    def test_a_picker_offers_what_fits_and_keeps_what_is_ticked(self, signed_in, brand):
        ticked = DealerFactory(brand=brand, name="西湖店")
        DealerFactory(brand=brand, name="滨江店")
        url = f"{BROADCASTS}choices/dealer_ids/"
        page = text_of(signed_in.get(url, {"q": "滨江", "dealer_ids": [ticked.pk]}))
        assert page.index("西湖店") < page.index("滨江店")
        assert signed_in.get(f"{BROADCASTS}choices/secrets/").status_code == 404

    def test_a_dealer_picks_among_its_own(self, dealer_client, brand):
        client, _mine = dealer_client
        DealerFactory(brand=brand, name="别家店")
        assert "别家店" not in text_of(client.get(f"{BROADCASTS}choices/dealer_ids/"))

    def test_a_dealers_broadcast_stands_in_its_name(self, dealer_client, brand):
        client, mine = dealer_client
        assert client.post(f"{BROADCASTS}new/", typed()).status_code == 302
        assert only(Broadcast, brand).dealer_id == mine.pk


class TestConfirming:
    def test_asks_with_the_true_numbers(self, signed_in, brand):
        room_with_a_member(brand)
        row = BroadcastFactory(brand=brand)
        response = signed_in.get(f"{BROADCASTS}{row.pk}/confirm/", headers=HTMX)
        assert (response.context["rooms"], response.context["plan"].people) == (1, 1)

    def test_asks_nothing_when_nobody_would_get_it(self, signed_in, brand):
        row = BroadcastFactory(brand=brand)
        response = signed_in.get(f"{BROADCASTS}{row.pk}/confirm/", headers=HTMX)
        assert response.context["refusal"]
        assert 'type="submit"' not in text_of(response)

    def test_sets_it_going(self, signed_in, brand):
        room_with_a_member(brand)
        row = BroadcastFactory(brand=brand)
        signed_in.post(f"{BROADCASTS}{row.pk}/confirm/", {"version": 1})
        assert only(Delivery, brand).state == "due"
        assert only(Broadcast, brand).state == "sending"

    def test_a_refusal_is_told_and_changes_nothing(self, signed_in, brand):
        row = BroadcastFactory(brand=brand)
        response = signed_in.post(f"{BROADCASTS}{row.pk}/confirm/", {"version": 1}, headers=HTMX)
        assert response.status_code == 409
        assert only(Broadcast, brand).state == "draft"


class TestUnderWay:
    @pytest.fixture
    def sending(self, brand):
        row = BroadcastFactory(
            brand=brand,
            state="sending",
            scheduled_at=timezone.now(),
            confirmed_at=timezone.now(),
            room_count=2,
            excluded=[
                {
                    "reason": "quota",
                    "kind": "service",
                    "rooms": 3,
                    "people": 0,
                    "next_allowed_at": None,
                }
            ],
        )
        for _ in range(2):
            DeliveryFactory(brand=brand, broadcast=row, room=room_with_a_member(brand))
        return row

    def deliver(self, brand):
        delivering.deliver_due(brand_id=brand.pk, now=timezone.now(), budget=timedelta(seconds=10))

    def test_the_page_tells_progress_and_what_was_left_out(self, signed_in, sending):
        page = text_of(signed_in.get(f"{BROADCASTS}{sending.pk}/"))
        assert "every 2s" in page
        assert signed_in.get(f"{BROADCASTS}{sending.pk}/").context["excluded"][0].rooms == 3

    def test_progress_is_asked_for_until_it_is_over(self, signed_in, sending, brand):
        url = f"{BROADCASTS}{sending.pk}/state/"
        moving = signed_in.get(url, headers=HTMX)
        assert "every 2s" in text_of(moving)
        self.deliver(brand)
        over = signed_in.get(url, headers=HTMX)
        assert "every 2s" not in text_of(over)
        assert over["HX-Refresh"] == "true"

    def test_the_report_counts_readers(self, signed_in, sending, brand):
        self.deliver(brand)
        with tenant(brand.pk):
            sending.deliveries.first().room.memberships.update(read_seq=1)
        report = signed_in.get(f"{BROADCASTS}{sending.pk}/report/").context["report"]
        assert (report.rooms, report.people, report.readers) == (2, 2, 1)

    def test_deliveries_are_told_room_by_room(self, signed_in, sending, brand):
        self.deliver(brand)
        url = f"{BROADCASTS}{sending.pk}/deliveries/"
        assert len(signed_in.get(url).context["rows"]) == 2
        assert signed_in.get(f"{url}?state=failed").context["rows"] == []

    def test_deliveries_cost_the_same_however_many(self, signed_in, brand, query_budget):
        row = BroadcastFactory(brand=brand, state="sent", scheduled_at=timezone.now())
        for _ in range(12):
            DeliveryFactory(brand=brand, broadcast=row, state="sent", message_seq=1)
        with query_budget(2):
            signed_in.get(f"{BROADCASTS}{row.pk}/deliveries/")

    def test_is_paused_let_go_on_and_cancelled(self, signed_in, sending, brand):
        for act, state in (("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
            response = signed_in.post(f"{BROADCASTS}{sending.pk}/{act}/")
            assert response.status_code == 302
            assert only(Broadcast, brand).state == state

    def test_cancelling_asks_first(self, signed_in, sending):
        page = signed_in.get(f"{BROADCASTS}{sending.pk}/cancel/", headers=HTMX)
        assert "2" in page.context["button"]

    def test_what_the_state_forbids_is_told(self, signed_in, sending):
        url = f"{BROADCASTS}{sending.pk}/resume/"
        assert signed_in.post(url, headers=HTMX).status_code == 409

    def test_a_draft_shows_its_plan(self, signed_in, brand):
        room_with_a_member(brand)
        row = BroadcastFactory(brand=brand)
        assert signed_in.get(f"{BROADCASTS}{row.pk}/plan/").context["rooms"] == 1


def test_who_may_only_look_is_offered_no_acts(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    row = BroadcastFactory(brand=brand)
    assert "confirm" not in text_of(client.get(f"{BROADCASTS}{row.pk}/"))
    assert client.get(f"{BROADCASTS}new/").status_code == 403
    assert client.post(f"{BROADCASTS}{row.pk}/cancel/").status_code == 403
