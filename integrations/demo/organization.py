"""Draws regions, dealers and stores in real cities and writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.organizations.models import City, Dealer, Region, Store
from integrations.demo.catalogue import LARGE_CITIES, REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from core.organizations.divisions import Division
    from core.organizations.models import Brand
    from integrations.demo.plan import Plan

OWNER = "owner"
DIRECTIONS = ("东城", "西城", "南城", "北城", "高新", "新城", "经开")
ROADS = ("人民路", "中山路", "解放路", "建设大道", "迎宾大道", "滨江大道", "创新路", "汽车城大道")


@dataclass(frozen=True, slots=True)
class Network:
    """The dealers that members are spread over: ids, cities and how many people each draws."""

    dealer_ids: NDArray[np.int64]
    dealer_cities: list[str]
    weights: NDArray[np.float64]
    regions: dict[str, Region]


def build(
    *, brand: Brand, plan: Plan, divisions: Mapping[str, Division], rng: Generator
) -> Network:
    """Write the brand's organization tree through the owner's connection."""
    regions = _regions(brand)
    cities = _cities(plan.cities)
    weights = 1 / (np.arange(len(cities)) + 6)
    picked = [*range(len(cities))]
    extra = plan.dealers - len(picked)
    if extra > 0:
        picked += rng.choice(len(cities), size=extra, p=weights / weights.sum()).tolist()
    region_of = {province: name for name, provinces in REGIONS.items() for province in provinces}
    seen: dict[str, int] = {}
    dealers = []
    for number, at in enumerate(sorted(picked[: plan.dealers]), start=1):
        city = cities[at]
        turn = seen[city.code] = seen.get(city.code, 0) + 1
        place = _place(city, turn, divisions.get(city.code))
        dealers.append(
            Dealer(
                brand=brand,
                region=regions[region_of[city.province_name]],
                code=f"{plan.brand.prefix}{number:04d}",
                name=f"{place}店",
                city=city,
            )
        )
    dealers = Dealer.objects.using(OWNER).bulk_create(dealers, batch_size=500)
    _stores(brand, dealers, rng)
    shares = np.array([weights[at] for at in sorted(picked[: plan.dealers])])
    shares = shares / np.array([seen[dealer.city_id] for dealer in dealers])
    shares *= rng.uniform(0.6, 1.4, size=len(dealers))
    return Network(
        dealer_ids=np.array([dealer.pk for dealer in dealers], dtype=np.int64),
        dealer_cities=[dealer.city_id for dealer in dealers],
        weights=shares / shares.sum(),
        regions=regions,
    )


def _regions(brand: Brand) -> dict[str, Region]:
    rows = [
        Region(brand=brand, code=f"R{number}", name=f"{name}大区")
        for number, name in enumerate(REGIONS, start=1)
    ]
    made = Region.objects.using(OWNER).bulk_create(rows)
    return dict(zip(REGIONS, made, strict=True))


def _cities(count: int) -> list[City]:
    """Return the ``count`` largest cities: the listed ones in order, then the others by code."""
    rank = {name: at for at, name in enumerate(LARGE_CITIES)}
    known = City.objects.using(OWNER).exclude(name__endswith="直辖县市")
    return sorted(known, key=lambda city: (rank.get(city.name, len(rank)), city.code))[:count]


def _place(city: City, turn: int, division: Division | None) -> str:
    districts = division.districts if division and division.districts else DIRECTIONS
    district = districts[(turn - 1) % len(districts)]
    again = (turn - 1) // len(districts)
    city_name = city.short_name if len(city.short_name) <= 4 else city.short_name[:4]
    return f"{city_name}{district}" + (f"{DIRECTIONS[(again - 1) % 7]}" if again else "")


def _stores(brand: Brand, dealers: list[Dealer], rng: Generator) -> None:
    stores = []
    for dealer in dealers:
        kinds = ("体验中心", "交付服务中心")[: 1 + int(rng.random() < 0.35)]
        for number, kind in enumerate(kinds, start=1):
            road, house = ROADS[int(rng.integers(len(ROADS)))], int(rng.integers(1, 900))
            stores.append(
                Store(
                    brand=brand,
                    dealer=dealer,
                    code=f"{dealer.code}-{number}",
                    name=f"{dealer.name.removesuffix('店')}{kind}",
                    city_id=dealer.city_id,
                    address=f"{road} {house} 号",
                )
            )
    Store.objects.using(OWNER).bulk_create(stores, batch_size=500)
