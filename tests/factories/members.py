import factory
from django.utils import timezone

from core.kernel import crypto
from members.profiles.models import Member
from members.segments.models import Segment
from members.tags.models import Tag, TagGroup
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
