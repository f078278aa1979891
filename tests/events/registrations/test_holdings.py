"""Two who are one: of two registrations for one event the stronger stays; undone, both do."""

import pytest
from django.utils import timezone

from events.registrations.models import Registration
from members.merging import services
from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def rows_of(event):
    return set(Registration.objects.filter(event=event).values_list("member_id", "state"))


def merged(winner, loser, actor):
    return services.merge_members(
        winner_id=winner.pk, loser_id=loser.pk, reason="one person", actor=actor, now=NOW
    )


@pytest.fixture
def pair(inside_brand):
    return [MemberFactory(brand=inside_brand) for _ in "12"]


@pytest.mark.parametrize(
    ("theirs", "others", "stays"),
    [
        ("registered", "checked_in", "checked_in"),
        ("checked_in", "registered", "checked_in"),
        ("cancelled", "registered", "registered"),
    ],
)
def test_one_event_keeps_the_stronger_and_undoing_brings_both_back(
    theirs, others, stays, inside_brand, pair, actor
):
    winner, loser = pair
    event = EventFactory(brand=inside_brand, capacity=2)
    for member, state in ((winner, theirs), (loser, others)):
        RegistrationFactory(brand=inside_brand, event=event, member=member, state=state)
    alone = RegistrationFactory(brand=inside_brand, member=loser)
    made = merged(winner, loser, actor)
    assert rows_of(event) == {(winner.pk, stays)}
    assert rows_of(alone.event) == {(winner.pk, "registered")}
    event.refresh_from_db()
    assert event.taken == 1
    services.undo_merge(merge=made, actor=actor, now=NOW)
    assert rows_of(event) == {(winner.pk, theirs), (loser.pk, others)}
    assert rows_of(alone.event) == {(loser.pk, "registered")}


def test_a_place_that_went_to_somebody_else_does_not_come_back(inside_brand, pair, actor):
    winner, loser = pair
    event = EventFactory(brand=inside_brand, capacity=2)
    for member in pair:
        RegistrationFactory(brand=inside_brand, event=event, member=member)
    made = merged(winner, loser, actor)
    RegistrationFactory(brand=inside_brand, event=event)
    services.undo_merge(merge=made, actor=actor, now=NOW)
    event.refresh_from_db()
    assert (event.taken, loser.pk in dict(rows_of(event))) == (2, False)
