from datetime import date

import factory
from django.utils import timezone

from core.kernel import crypto
from members.identities.models import Identity
from members.lifecycle.models import StageChange
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member
from members.segments.models import Segment
from members.tags.models import MemberTag, Tag, TagGroup
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.core import BrandFactory, BrandModelFactory, same_brand


class MemberFactory(BrandModelFactory):
    class Meta:
        model = Member

    class Params:
        phone = None  # E.164; fills the four columns that stand for it

    brand = factory.SubFactory(BrandFactory)
    display_name = factory.Sequence(lambda n: f"Member {n}")
    source = Member.Source.MANUAL
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.SelfAttribute("created_at")
    phone_cipher = factory.LazyAttribute(lambda o: crypto.encrypt(o.phone) if o.phone else None)
    phone_hash = factory.LazyAttribute(
        lambda o: (
            crypto.lookup_hash(brand_id=o.brand.pk, kind="phone", value=o.phone)
            if o.phone
            else None
        )
    )
    phone_masked = factory.LazyAttribute(
        lambda o: f"{o.phone[3:6]}****{o.phone[-4:]}" if o.phone else ""
    )
    phone_tail = factory.LazyAttribute(lambda o: o.phone[-4:] if o.phone else "")


class TagGroupFactory(BrandModelFactory):
    class Meta:
        model = TagGroup

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"Group {n}")


class TagFactory(BrandModelFactory):
    class Meta:
        model = Tag

    brand = factory.SubFactory(BrandFactory)
    group = factory.SubFactory(TagGroupFactory, brand=same_brand())
    name = factory.Sequence(lambda n: f"Tag {n}")
    created_at = factory.LazyFunction(timezone.now)


class SegmentFactory(BrandModelFactory):
    class Meta:
        model = Segment

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"Segment {n}")
    tree = factory.LazyFunction(lambda: {"op": "all", "items": []})
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.SelfAttribute("created_at")


class VehicleModelFactory(BrandModelFactory):
    class Meta:
        model = VehicleModel

    brand = factory.SubFactory(BrandFactory)
    code = factory.Sequence(lambda n: f"M{n}")
    name = factory.Sequence(lambda n: f"Model {n}")


class VehicleFactory(BrandModelFactory):
    class Meta:
        model = Vehicle

    class Params:
        vin = factory.Sequence(lambda n: f"LQYA2B4E0NA{n:06d}")

    brand = factory.SubFactory(BrandFactory)
    model = factory.SubFactory(VehicleModelFactory, brand=same_brand())
    vin_cipher = factory.LazyAttribute(lambda o: crypto.encrypt(o.vin))
    vin_hash = factory.LazyAttribute(
        lambda o: crypto.lookup_hash(brand_id=o.brand.pk, kind="vin", value=o.vin)
    )
    vin_tail = factory.LazyAttribute(lambda o: o.vin[-6:])
    created_at = factory.LazyFunction(timezone.now)


class OwnershipFactory(BrandModelFactory):
    class Meta:
        model = Ownership

    brand = factory.SubFactory(BrandFactory)
    vehicle = factory.SubFactory(VehicleFactory, brand=same_brand())
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    delivered_on = date(2024, 3, 1)


class IdentityFactory(BrandModelFactory):
    class Meta:
        model = Identity

    brand = factory.SubFactory(BrandFactory)
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    kind = Identity.Kind.APP_USER
    value = factory.Sequence(lambda n: f"u{n:08d}")
    created_at = factory.LazyFunction(timezone.now)


class OrderFactory(BrandModelFactory):
    class Meta:
        model = Order

    brand = factory.SubFactory(BrandFactory)
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    order_no = factory.Sequence(lambda n: f"O-{n}")
    ordered_at = factory.LazyFunction(timezone.now)
    amount_fen = 100_00


class ConsentFactory(BrandModelFactory):
    class Meta:
        model = Consent

    brand = factory.SubFactory(BrandFactory)
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    purpose = Consent.Purpose.COMMUNITY
    version = "1"
    given_at = factory.LazyFunction(timezone.now)
    evidence = "test"


class StageChangeFactory(BrandModelFactory):
    class Meta:
        model = StageChange

    brand = factory.SubFactory(BrandFactory)
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    from_stage = "prospect"
    to_stage = factory.LazyAttribute(lambda o: o.member.stage)
    reason = "manual"
    policy_version = 0
    at = factory.LazyFunction(timezone.now)


class MemberTagFactory(BrandModelFactory):
    class Meta:
        model = MemberTag

    brand = factory.SubFactory(BrandFactory)
    tag = factory.SubFactory(TagFactory, brand=same_brand())
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    source = "manual"
    tagged_at = factory.LazyFunction(timezone.now)
