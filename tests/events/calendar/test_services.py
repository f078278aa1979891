from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound, StaleVersion
from events.calendar import batching, services
from events.calendar.models import Event
from events.calendar.rules import Move
from events.calendar.services import EventClosed, NumberTaken, Wanted
from tests.factories.core import DealerFactory
from tests.factories.events import EventFactory, RegistrationFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def wanted(**changes):
    usual = {"kind": "salon", "name": " Salon ", "starts_at": NOW + timedelta(days=1)}
    return Wanted(**usual | {"ends_at": NOW + timedelta(days=1, hours=2)} | changes)


def dealer_person(brand, *dealers):
    scope = frozenset(dealer.pk for dealer in dealers)
    return Viewer(brand.pk, "D", permissions=frozenset(Permission), dealer_ids=scope)


def test_an_event_starts_as_a_draft_on_record(inside_brand, actor):
    event = services.create_event(wanted=wanted(external_no="E1"), actor=actor, now=NOW)
    assert (event.name, event.state, event.taken) == ("Salon", "draft", 0)
    assert AuditEntry.objects.get().action == "event.created"
    with pytest.raises(NumberTaken):
        services.create_event(wanted=wanted(external_no="E1"), actor=actor, now=NOW)


def test_what_makes_no_sense_is_refused_all_at_once(inside_brand, actor):
    wrong = wanted(kind="party", dealer_id=1, city_id="9999", community_id=1, capacity=0)
    with pytest.raises(InvalidInput) as refusal:
        services.create_event(wanted=wrong, actor=actor, now=NOW)
    found = {problem.pointer for problem in refusal.value.problems}
    assert found == {"/kind", "/dealer", "/city", "/community", "/capacity"}


def test_a_change_needs_the_version_and_keeps_places_taken(inside_brand, actor):
    event = EventFactory(brand=inside_brand)
    RegistrationFactory(brand=inside_brand, event=event, guests=2)
    held = services.wanted_of(event)
    change = {"event_id": event.pk, "actor": actor, "now": NOW}
    with pytest.raises(InvalidInput):
        services.change_event(wanted=replace(held, capacity=2), version=1, **change)
    changed = services.change_event(wanted=replace(held, capacity=3), version=1, **change)
    assert (changed.version, changed.capacity) == (2, 3)
    with pytest.raises(StaleVersion):
        services.change_event(wanted=held, version=1, **change)
    event.refresh_from_db()
    assert (event.taken, event.capacity) == (3, 3)
    assert AuditEntry.objects.get().data == {"fields": ["capacity"]}


def move(event, name, actor):
    event.refresh_from_db()
    return services.move_event(
        event_id=event.pk, move=Move(name), version=event.version, actor=actor, now=timezone.now()
    )


def test_it_is_published_and_closed_once_it_has_started(inside_brand, actor):
    event = EventFactory(brand=inside_brand, state="draft")
    assert move(event, "publish", actor).state == "published"
    with pytest.raises(EventClosed):
        move(event, "close", actor)
    Event.objects.update(starts_at=NOW - timedelta(hours=1))
    assert move(event, "close", actor).state == "done"
    for name in Move:
        with pytest.raises(EventClosed):
            move(event, name, actor)
    with pytest.raises(EventClosed):
        services.change_event(event_id=event.pk, wanted=wanted(), version=3, actor=actor, now=NOW)


def test_a_dealer_plans_its_own_and_sees_the_brands(inside_brand):
    mine, other = (DealerFactory(brand=inside_brand) for _ in "12")
    person = dealer_person(inside_brand, mine)
    own, brands, theirs = (
        EventFactory(brand=inside_brand, dealer=dealer) for dealer in (mine, None, other)
    )
    assert set(Event.objects.visible_to(person)) == {own, brands}
    assert move(own, "cancel", person).state == "cancelled"
    for event in (brands, theirs):
        with pytest.raises(NotFound):
            move(event, "cancel", person)
    with pytest.raises(InvalidInput):
        services.create_event(wanted=wanted(), actor=person, now=NOW)
    with pytest.raises(InvalidInput):
        services.create_event(wanted=wanted(dealer_id=other.pk), actor=person, now=NOW)


def row(number, **said):
    usual = {"kind": "drive", "name": "Drive", "starts_at": NOW, "external_no": number}
    return usual | {"ends_at": NOW + timedelta(hours=2)} | said


def put(actor, *rows):
    return batching.put_events(rows=rows, actor=actor, now=NOW)


def outcomes(results):
    return [(r.outcome, [code for _field, code, _text in r.problems]) for r in results]


def test_a_batch_creates_changes_and_refuses_row_by_row(inside_brand, actor):
    dealer = DealerFactory(brand=inside_brand, code="D1")
    first = put(actor, row("A", dealer="D1", state="done"), row("B", capacity=5), None)
    assert outcomes(first) == [("created", []), ("created", []), ("refused", [])]
    assert first[0].event.dealer_id == dealer.pk
    event = Event.objects.get(external_no="B")
    RegistrationFactory.create_batch(2, brand=inside_brand, event=event)
    again = put(
        actor,
        row("A", dealer="D1", state="done"),
        row("A", dealer="D1", state="published"),
        {"external_no": "B", "capacity": 1},
        {"external_no": "B", "name": "Longer drive", "state": "published"},
        {"external_no": "C", "name": "Without times"},
        row("D", dealer="no such", city="9999"),
        row("E", ends_at=NOW),
    )
    assert outcomes(again) == [
        ("unchanged", []),
        ("refused", ["event_closed"]),
        ("refused", ["below_taken"]),
        ("updated", []),
        ("refused", ["required", "required", "required"]),
        ("refused", ["unknown_choice", "unknown_choice"]),
        ("refused", ["ends_before_start"]),
    ]
    event.refresh_from_db()
    assert (event.name, event.state, event.version, event.taken) == (
        "Longer drive",
        "published",
        2,
        2,
    )
    assert AuditEntry.objects.filter(action="event.batch").count() == 2


def test_a_batch_is_for_who_sees_the_whole_brand(inside_brand):
    with pytest.raises(Forbidden):
        put(dealer_person(inside_brand), row("A"))


def test_a_batch_costs_the_same_for_one_and_for_many(
    inside_brand, actor, django_assert_max_num_queries
):
    with django_assert_max_num_queries(9):
        put(actor, *(row(f"N{n}") for n in range(40)))
    with django_assert_max_num_queries(9):
        put(actor, *(row(f"N{n}", name=f"Drive {n}") for n in range(40)))
    assert Event.objects.filter(name="Drive 7").count() == 1
