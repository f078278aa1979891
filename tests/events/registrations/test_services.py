from datetime import timedelta

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from core.kernel.scoping import tenant
from events.registrations import batching, services
from events.registrations.models import Registration
from events.registrations.services import EventFull, NotNow, Wish
from members.erasure import services as erasure
from tests.factories.core import DealerFactory
from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def put(event, member, state, actor, **more):
    wish = Wish(event_id=event.pk, member_id=member.pk, state=services.State(state), **more)
    return services.put(wish=wish, actor=actor, now=timezone.now())


def test_registering_coming_and_calling_off_are_told_once(inside_brand, actor):
    event = EventFactory(brand=inside_brand, capacity=4, guests_each=1)
    member = MemberFactory(brand=inside_brand)
    row, is_new = put(event, member, "registered", actor, guests=1)
    assert (is_new, row.state, row.source) == (True, "registered", "manual")
    assert put(event, member, "registered", actor)[1] is False
    event.refresh_from_db()
    assert event.taken == 2
    change = {"registration_id": row.pk, "actor": actor}
    first = services.change(state=services.State.CHECKED_IN, now=timezone.now(), **change)
    again = services.change(state=services.State.CHECKED_IN, now=timezone.now(), **change)
    assert first.checked_in_at == again.checked_in_at
    member.refresh_from_db()
    assert member.last_active_at == first.checked_in_at
    with pytest.raises(NotNow) as refusal:
        services.change(state=services.State.CANCELLED, now=timezone.now(), **change)
    assert refusal.value.facts == {"reason": "already_checked_in"}
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["event.registered", "event.checked_in"]


def test_a_full_event_takes_nobody_until_somebody_calls_off(inside_brand, actor):
    event = EventFactory(brand=inside_brand, capacity=1)
    first, second = (MemberFactory(brand=inside_brand) for _ in "12")
    row, _new = put(event, first, "registered", actor)
    with pytest.raises(EventFull):
        put(event, second, "registered", actor)
    with pytest.raises(EventFull):
        put(event, second, "checked_in", actor)
    services.change(
        registration_id=row.pk, state=services.State.CANCELLED, actor=actor, now=timezone.now()
    )
    assert put(event, second, "checked_in", actor)[0].state == "checked_in"
    event.refresh_from_db()
    assert event.taken == 1


def test_who_is_being_deleted_registers_for_nothing(inside_brand, actor):
    event, member = EventFactory(brand=inside_brand), MemberFactory(brand=inside_brand)
    erasure.change_grace(days=7, actor=actor, now=NOW)
    erasure.request_erasure(
        member=member,
        typed_name=member.display_name,
        reason="asked",
        note="",
        actor=actor,
        now=NOW,
    )
    with pytest.raises(InvalidInput):
        put(event, member, "registered", actor)
    (result,) = batch(actor, {"event": event.pk, "member": member.pk, "state": "registered"})
    assert result.problems[0][1] == "being_deleted"


def dealer_person(brand, *dealers):
    scope = frozenset(dealer.pk for dealer in dealers)
    return Viewer(brand.pk, "D", permissions=frozenset(Permission), dealer_ids=scope)


def test_a_dealer_registers_its_own_members_and_sees_no_others_at_the_brands_event(inside_brand):
    mine, other = (DealerFactory(brand=inside_brand) for _ in "12")
    person = dealer_person(inside_brand, mine)
    event = EventFactory(brand=inside_brand)
    own = MemberFactory(brand=inside_brand, home_dealer=mine)
    theirs = RegistrationFactory(
        brand=inside_brand,
        event=event,
        member=MemberFactory(brand=inside_brand, home_dealer=other),
    )
    row, _new = put(event, own, "registered", person)
    assert list(Registration.objects.visible_to(person)) == [row]
    with pytest.raises(InvalidInput):
        put(event, theirs.member, "checked_in", person)
    with pytest.raises(NotFound):
        services.change(
            registration_id=theirs.pk, state=services.State.CANCELLED, actor=person, now=NOW
        )
    with pytest.raises(NotFound):
        put(EventFactory(brand=inside_brand, dealer=other), own, "registered", person)


def batch(actor, *rows):
    return batching.put_rows(rows=rows, actor=actor, now=timezone.now())


def outcomes(results):
    return [(r.outcome, [code for _field, code, _text in r.problems]) for r in results]


def test_a_batch_judges_each_row_in_its_order(inside_brand, actor):
    event = EventFactory(brand=inside_brand, capacity=2, external_no="E1")
    draft = EventFactory(brand=inside_brand, state="draft")
    first, second, third = (
        MemberFactory(brand=inside_brand, customer_no=number) for number in ("1", "2", "3")
    )
    third_by_phone = {"phone": "13800001111"}
    phoned = MemberFactory(brand=inside_brand, phone="+8613800001111")
    at = timezone.now() - timedelta(hours=1)
    results = batch(
        actor,
        {"event": event.pk, "member": first.pk, "state": "registered"},
        {"external_no": "E1", "customer_no": "2", "state": "checked_in", "at": at},
        {"external_no": "E1", "customer_no": "3", "state": "registered"},
        {"external_no": "E1", "customer_no": "1", "state": "cancelled"},
        {"external_no": "E1", "state": "registered"} | third_by_phone,
        {"external_no": "E1", "customer_no": "2", "state": "checked_in"},
        {"event": draft.pk, "member": third.pk, "state": "registered"},
        {"event": 1, "customer_no": "nobody", "state": "registered"},
        None,
    )
    assert outcomes(results) == [
        ("created", []),
        ("created", []),
        ("refused", ["event_full"]),
        ("updated", []),
        ("created", []),
        ("unchanged", []),
        ("refused", ["event_closed"]),
        ("refused", ["unknown_event", "unknown_member"]),
        ("refused", []),
    ]
    assert results[4].row.member_id == phoned.pk
    assert results[5].id == results[1].id
    event.refresh_from_db()
    assert event.taken == 2
    second.refresh_from_db()
    assert second.last_active_at == at
    assert AuditEntry.objects.get().data["created"] == 3


def test_places_given_up_in_a_call_go_to_those_who_follow(inside_brand, actor):
    event = EventFactory(brand=inside_brand, capacity=1)
    leaving = RegistrationFactory(brand=inside_brand, event=event)
    coming = RegistrationFactory(brand=inside_brand, event=event, state="cancelled")
    new = MemberFactory(brand=inside_brand)
    named = {"event": event.pk}
    results = batch(
        actor,
        named | {"member": coming.member_id, "state": "registered"},
        named | {"member": leaving.member_id, "state": "cancelled"},
        named | {"member": coming.member_id, "state": "registered"},
        named | {"member": new.pk, "state": "registered"},
    )
    assert [outcome for outcome, _codes in outcomes(results)] == [
        *("refused", "updated", "updated", "refused")
    ]
    event.refresh_from_db()
    assert event.taken == 1


def test_a_batch_costs_the_same_for_one_and_for_many(
    inside_brand, actor, django_assert_max_num_queries
):
    events = EventFactory.create_batch(3, brand=inside_brand)
    members = MemberFactory.create_batch(8, brand=inside_brand)
    pairs = [(event, member) for event in events for member in members]
    for state in ("registered", "checked_in"):
        rows = [{"event": e.pk, "member": m.pk, "state": state} for e, m in pairs]
        with django_assert_max_num_queries(19):
            results = batch(actor, *rows)
        assert {result.outcome for result in results} <= {"created", "updated"}
    with pytest.raises(Forbidden):
        batch(dealer_person(inside_brand), *rows)


def test_the_brand_is_opened_for_one_registration_alone(brand, actor):
    event, member = EventFactory(brand=brand), MemberFactory(brand=brand)
    put(event, member, "registered", actor)
    with tenant(brand.pk):
        assert Registration.objects.count() == 1


def test_a_file_sent_again_changes_nothing(inside_brand, actor):
    event = EventFactory(brand=inside_brand, capacity=1)
    first, second = MemberFactory.create_batch(2, brand=inside_brand)
    hours = [timezone.now() - timedelta(hours=ago) for ago in (5, 4, 3)]
    rows = [
        {"event": event.pk, "member": first.pk, "state": "registered", "at": hours[0]},
        {"event": event.pk, "member": first.pk, "state": "cancelled", "at": hours[1]},
        {"event": event.pk, "member": second.pk, "state": "registered", "at": hours[2]},
    ]
    assert outcomes(batch(actor, *rows)) == [("created", []), ("updated", []), ("created", [])]
    assert outcomes(batch(actor, *rows)) == [("unchanged", [])] * 3


def test_who_is_merged_away_between_look_up_and_lock_is_unknown(inside_brand, actor, monkeypatch):
    event = EventFactory(brand=inside_brand)
    gone, there = MemberFactory.create_batch(2, brand=inside_brand)
    look_up = batching.members_named

    def and_then_one_goes(**asked):
        found = look_up(**asked)
        gone.delete()
        return found

    rows = [
        {"event": event.pk, "member": member.pk, "state": "registered"} for member in (gone, there)
    ]
    monkeypatch.setattr(batching, "members_named", and_then_one_goes)
    assert outcomes(batch(actor, *rows)) == [("refused", ["unknown_member"]), ("created", [])]
