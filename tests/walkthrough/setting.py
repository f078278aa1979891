"""Opens the brand of the walk-through inside the product: ``python -c`` runs ``OPEN`` there."""

OPEN = """
import json, os
from django.core.management import call_command
from django.utils import timezone
from communities.policies.services import install_default_policies
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.organizations import services as tree
from core.organizations.models import Brand, City
from core.staff.models import RoleGrant, Staff

call_command("load_divisions", verbosity=0)
brand = Brand.objects.create(code="walk", name="远航汽车")
actor, now = system_viewer(brand.pk), timezone.now()
with tenant(brand.pk):
    install_default_policies(brand=brand, actor=actor, now=now)
    region = tree.create_region(code="CN", name="全国大区", actor=actor, now=now)
    for code, name, city in json.loads(os.environ["WALK_PLACES"]):
        tree.create_dealer(
            code=code, name=name, region=region, city=City.objects.get(pk=city),
            actor=actor, now=now,
        )
    operator = Staff(brand=brand, username="walker", display_name="周子昂")
    operator.set_password(os.environ["WALK_PASSWORD"])
    operator.save()
    RoleGrant.objects.create(brand=brand, staff=operator, role="hq_operator")
print(brand.pk)
"""
