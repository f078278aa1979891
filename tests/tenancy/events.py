"""Entries of events. The brand's own events are everybody's to see; the rest is a dealer's."""

from __future__ import annotations

from itertools import count

from tests.factories.events import EventFactory, RegistrationFactory
from tests.tenancy.batches import known_member
from tests.tenancy.members import make_member
from tests.tenancy.samples import listing, pk, row

number = count(1)
TIMES = {"starts_at": "2030-03-01T10:00:00+08:00", "ends_at": "2030-03-01T12:00:00+08:00"}


def make_event(scope):
    return EventFactory(
        brand=scope.brand,
        dealer=scope.dealer,
        name=f"{scope.canary} event {next(number)}",
        external_no=f"{scope.brand.pk}-{next(number)}",
    )


def event(scope):
    made = make_event(scope)
    return {"event_id": made.pk, "body": {"version": made.version}}


def draft(scope):
    made = EventFactory(brand=scope.brand, dealer=scope.dealer, name=scope.canary, state="draft")
    return {"event_id": made.pk, "body": {"version": made.version}}


def make_registration(scope):
    return RegistrationFactory(
        brand=scope.brand, event=make_event(scope), member=make_member(scope)
    )


def registration(scope):
    return {"registration_id": make_registration(scope).pk, "body": {}}


def attended(scope):
    """An event with somebody registered."""
    return {"event_id": make_registration(scope).event_id}


def of_event(scope):
    return {"query": f"?event={make_registration(scope).event_id}"}


def new_event(scope):
    return {"kind": "salon", "name": "New", "dealer": scope.dealer.pk, **TIMES}


def typed_event(scope):
    """The same as the console's form sends it."""
    times = {"starts_at": "2030-03-01T10:00", "ends_at": "2030-03-01T12:00"}
    return new_event(scope) | times


def new_registration(scope):
    return {"event": make_event(scope).pk, "member": make_member(scope).pk}


def event_rows(scope):
    """A new event of the scope's dealer; to other brands no dealer has this code."""
    named = {"external_no": f"N{next(number)}", "dealer": scope.dealer.code}
    return {"rows": [named | {"kind": "salon", "name": "New", **TIMES}]}


def registration_rows(scope):
    named = {"event": make_event(scope).pk, "customer_no": known_member(scope)}
    return {"rows": [named | {"state": "registered"}]}


ROUTES = {
    "api:events:events-list": listing(refers=new_event),
    "api:events:events-detail": row(pk(event)),
    "api:events:events-publish": row(pk(draft)),
    "api:events:events-close": row(pk(event)),
    "api:events:events-cancel": row(pk(event)),
    "api:events:events-batch-list": listing(refers=event_rows),
    "api:events:registrations-list": listing(refers=new_registration),
    "api:events:registrations-detail": row(pk(registration)),
    "api:events:registrations-cancel": row(pk(registration)),
    "api:events:registrations-check-in": row(pk(registration)),
    "api:events:registrations-batch-list": listing(refers=registration_rows),
    "events:events-list": listing(),
    "events:events-new": listing(refers=typed_event),
    "events:events-detail": row(attended),
    "events:events-edit": row(event),
    "events:events-publish": row(draft),
    "events:events-close": row(event),
    "events:events-cancel": row(event),
    "events:registrations-add": row(event),
    "events:registrations-check-in": row(registration),
    "events:registrations-cancel": row(registration),
}
