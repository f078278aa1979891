import factory

from core.kernel.scoping import tenant
from core.organizations.models import Brand, City, Dealer, Region, Store
from core.staff.models import RoleGrant, Staff


class BrandModelFactory(factory.django.DjangoModelFactory):
    """Creates each row inside its own brand, as the database demands."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        with tenant(kwargs["brand"].pk):
            return super()._create(model_class, *args, **kwargs)


def same_brand():
    """The parent's brand, for a SubFactory."""
    return factory.SelfAttribute("..brand")


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brand

    code = factory.Sequence(lambda n: f"brand-{n}")
    name = factory.Sequence(lambda n: f"Brand {n}")


class CityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = City
        django_get_or_create = ["code"]

    code = "3301"
    name = "杭州市"
    province_name = "浙江省"


class RegionFactory(BrandModelFactory):
    class Meta:
        model = Region

    brand = factory.SubFactory(BrandFactory)
    code = factory.Sequence(lambda n: f"R{n}")
    name = factory.Sequence(lambda n: f"Region {n}")


class DealerFactory(BrandModelFactory):
    class Meta:
        model = Dealer

    brand = factory.SubFactory(BrandFactory)
    region = factory.SubFactory(RegionFactory, brand=same_brand())
    code = factory.Sequence(lambda n: f"D{n}")
    name = factory.Sequence(lambda n: f"Dealer {n}")
    city = factory.SubFactory(CityFactory)


class StoreFactory(BrandModelFactory):
    class Meta:
        model = Store

    brand = factory.SubFactory(BrandFactory)
    dealer = factory.SubFactory(DealerFactory, brand=same_brand())
    code = factory.Sequence(lambda n: f"S{n}")
    name = factory.Sequence(lambda n: f"Store {n}")
    city = factory.SubFactory(CityFactory)


class StaffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Staff

    brand = factory.SubFactory(BrandFactory)
    username = factory.Sequence(lambda n: f"staff{n}")
    display_name = factory.Sequence(lambda n: f"Staff {n}")


class RoleGrantFactory(BrandModelFactory):
    class Meta:
        model = RoleGrant

    brand = factory.SubFactory(BrandFactory)
    staff = factory.SubFactory(StaffFactory, brand=same_brand())
    role = "hq_admin"
