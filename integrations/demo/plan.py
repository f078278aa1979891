"""How large a demonstration brand is, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 20261123
MEMBERS_PER_DEALER = 160
MIN_DEALERS, MAX_DEALERS = 12, 1200
MAX_CITIES = 300


@dataclass(frozen=True, slots=True)
class DemoBrand:
    """One demonstration brand. ``prefix`` starts its order, customer and vehicle numbers."""

    code: str
    name: str
    short_name: str
    prefix: str
    models: tuple[tuple[str, str], ...]


MAIN_BRAND = DemoBrand(
    "yuanhang",
    "远航汽车",
    "远航",
    "YH",
    (
        ("E5", "远航 E5"),
        ("E7", "远航 E7"),
        ("V6", "远航 V6"),
        ("X3", "远航 X3"),
        ("G9", "远航 G9"),
        ("S1", "远航 S1"),
    ),
)
SECOND_BRAND = DemoBrand(
    "xinglan",
    "星澜汽车",
    "星澜",
    "XL",
    (("C1", "星澜 C1"), ("C3", "星澜 C3"), ("M5", "星澜 M5")),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw: everything follows from these four."""

    brand: DemoBrand
    members: int
    seed: int = SEED

    @property
    def dealers(self) -> int:
        """A dealer for every 160 members, within reason."""
        return max(MIN_DEALERS, min(MAX_DEALERS, self.members // MEMBERS_PER_DEALER))

    @property
    def cities(self) -> int:
        """Where the dealers are: several of them share the large cities."""
        return min(MAX_CITIES, max(6, self.dealers * 2 // 5))


def brand_of(code: str) -> DemoBrand:
    """Return the demonstration brand of a code; an unknown code gets the first one's looks."""
    for brand in (MAIN_BRAND, SECOND_BRAND):
        if brand.code == code:
            return brand
    return DemoBrand(code, f"示范品牌 {code}", "示范", "DM", MAIN_BRAND.models)
