"""What the drawn members did at events, and the points that they have."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from events.calendar.models import Event
from events.points.models import PointsEntry
from events.registrations.models import Registration
from tests.members.segments.moments import NOW, moment

EVENT_KINDS = ["salon", "drive", "live"]
NUMBER = count(1)


@dataclass
class Visit:
    """A registration for an event and what became of it."""

    event_id: int
    kind: str
    event_state: str
    ends_at: datetime
    state: str
    came_at: datetime | None


def draw_events(brand, rng, people):
    """Nine events of three kinds, some of them to come; a third of the people at each."""
    events, rows = [], []
    for number in range(9):
        ends = moment(rng, 60) + timedelta(days=rng.choice([0, 0, 0, 30]))
        events.append(
            Event.objects.create(
                brand=brand,
                kind=EVENT_KINDS[number % 3],
                name=f"e{number}",
                state=rng.choice(["published", "done", "done", "cancelled"]),
                starts_at=ends - timedelta(hours=2),
                ends_at=ends,
                created_at=NOW,
            )
        )
    for person in people:
        for event in rng.sample(events, rng.choice([0, 1, 3, 5])):
            state = rng.choice(["registered", "checked_in", "checked_in", "cancelled"])
            came = moment(rng, 60) if state == "checked_in" else None
            visit = Visit(event.pk, event.kind, event.state, event.ends_at, state, came)
            person.visits.append(visit)
            rows.append(
                Registration(
                    brand=brand,
                    event=event,
                    member=person.row,
                    state=state,
                    source="api",
                    registered_at=NOW,
                    checked_in_at=came,
                    cancelled_at=NOW if state == "cancelled" else None,
                )
            )
    Registration.objects.bulk_create(rows)
    return events


def draw_points(brand, rng, people):
    """Earnings, some of them pending; then what was spent, taken back and adjusted of each."""
    rows = []
    for person in people:
        for ledger in ("points", "contribution"):
            for _n in range(rng.choice([0, 0, 1, 2, 3])):
                state = rng.choice(["confirmed", "confirmed", "pending", "cancelled"])
                amount, at = rng.randint(1, 60), moment(rng, 40)
                rows.append(
                    entry_of(brand, person.row, ledger, "earn", "earned", amount, at, state)
                )
    PointsEntry.objects.bulk_create(rows)
    people_of = {person.row.pk: person for person in people}
    more = []
    for row in rows:
        if row.state != "confirmed":
            continue
        person = people_of[row.member_id]
        person.points.append((row.ledger, "earned", row.amount, row.occurred_at))
        ways = ["keep", "reverse", "adjust"] + ["spend", "spend"] * (row.ledger == "points")
        if (way := rng.choice(ways)) == "keep":
            continue
        side = {"reverse": "earned", "adjust": "other", "spend": "spent"}[way]
        amount, at = -rng.randint(1, row.amount), moment(rng, 40)
        entry = entry_of(brand, person.row, row.ledger, way, side, amount, at)
        entry.reverses_id = row.pk if way == "reverse" else None
        more.append(entry)
        person.points.append((row.ledger, side, amount, at))
    PointsEntry.objects.bulk_create(more)


def entry_of(brand, member, ledger, kind, side, amount, at, state="confirmed"):
    return PointsEntry(
        brand=brand,
        member=member,
        ledger=ledger,
        kind=kind,
        side=side,
        amount=amount,
        state=state,
        settled_at=None if state == "pending" else NOW,
        source="drawn",
        source_id=str(next(NUMBER)),
        occurred_at=at,
        created_at=NOW,
        created_by_label="x",
    )
