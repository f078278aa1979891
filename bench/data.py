"""Brands of a given size for the tables, drawn by the generator of the demonstration data."""

import sys
from dataclasses import replace

from django.utils import timezone

from core.organizations.models import Brand
from integrations.demo import plan, services


def brand_of(members: int) -> Brand:
    """Return the brand with this many members; made on first use, reused afterwards."""
    code = f"bench-{members}"
    if not services.has_members(code=code):
        print(f"  drawing {members:,} members …", file=sys.stderr, flush=True)
        looks = replace(plan.MAIN_BRAND, code=code, name=f"Bench {members}", prefix="BE")
        drawn = plan.Plan(looks, members)
        services.seed(plan=drawn, now=timezone.now(), say=lambda _step: None, with_staff=False)
    return Brand.objects.get(code=code)
