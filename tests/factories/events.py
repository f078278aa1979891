from datetime import timedelta

import factory
from django.utils import timezone

from events.calendar.models import Event
from events.registrations.models import Registration
from tests.factories.core import BrandFactory, BrandModelFactory, same_brand
from tests.factories.members import MemberFactory


class EventFactory(BrandModelFactory):
    """In a few hours, published, the brand's own, without a limit."""

    class Meta:
        model = Event

    class Params:
        over = factory.Trait(
            starts_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=1, hours=2)),
            state="done",
        )

    brand = factory.SubFactory(BrandFactory)
    kind = "salon"
    name = factory.Sequence(lambda n: f"Event {n}")
    state = "published"
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=6))
    ends_at = factory.LazyAttribute(lambda o: o.starts_at + timedelta(hours=2))
    created_at = factory.LazyFunction(timezone.now)


class RegistrationFactory(BrandModelFactory):
    class Meta:
        model = Registration

    brand = factory.SubFactory(BrandFactory)
    event = factory.SubFactory(EventFactory, brand=same_brand())
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    state = "registered"
    source = "manual"
    registered_at = factory.LazyFunction(timezone.now)
    checked_in_at = factory.LazyAttribute(
        lambda o: timezone.now() if o.state == "checked_in" else None
    )
    cancelled_at = factory.LazyAttribute(
        lambda o: timezone.now() if o.state == "cancelled" else None
    )
