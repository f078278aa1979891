"""Made-up rows for the kit page, and the little arithmetic that keeps its examples honest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURNAMES = "陈林王赵黄周徐孙吴郑何冯沈蒋马"
_GIVEN = ("宇", "珊", "峰", "彤", "凯", "敏", "涛", "怡", "航", "文", "宁", "雅")
_CITIES = ("杭州", "苏州", "上海", "南京", "宁波", "合肥", "无锡", "福州")
_TAGS = ("首购", "带娃家庭", "露营", "周末自驾", "KOC 候选", "摄影", "老带新")
_KINDS = ("service", "conversion", "flash", "core")
_FIRST_SEEN = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)
PAGE_SIZE = 8


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """A member who does not exist."""

    id: int
    name: str
    phone: str
    city: str
    kind: str
    tags: tuple[str, ...]
    orders: int
    spent_fen: int
    seen_at: datetime


def people() -> list[SamplePerson]:
    """Return 36 people, always the same."""
    return [
        SamplePerson(
            id=n,
            name=f"{_SURNAMES[n % 15]}{('小', '', '思')[n % 3]}{_GIVEN[n * 5 % 12]}",
            phone=f"+861{(38, 59, 36, 87, 50)[n % 5]}{(n * 7919 + 1234) % 10**8:08d}",
            city=_CITIES[n * 3 % 8],
            kind=_KINDS[n % 4],
            tags=tuple(sorted({_TAGS[n % 7], _TAGS[n * 2 % 7]})),
            orders=n * 5 % 7,
            spent_fen=n * 86_420 % 4_800_000,
            seen_at=_FIRST_SEEN - timedelta(minutes=17 * n * n),
        )
        for n in range(1, 37)
    ]


def criteria() -> list[dict[str, Any]]:
    """Return what conditions of the sample builder can be about."""
    tags = [{"value": tag, "label": tag} for tag in _TAGS]
    cities = [{"value": city, "label": city} for city in _CITIES]
    count = {"kind": "number", "unit": "单", "low": 1, "default": 2}
    money = {"kind": "money", "low": 0, "default": 1_000_000}
    return [
        _field("city", "城市", "资料", "is_any", "是", {"kind": "choices", "options": cities}),
        _field("tag", "标签", "标签", "has_any", "包含", {"kind": "choices", "options": tags}),
        _field("orders", "订单数", "订单", "at_least", "至少", count),
        _field("spent", "订单金额", "订单", "at_least", "至少", money),
    ]


def _field(
    field: str, label: str, group: str, cmp: str, word: str, spec: dict[str, Any]
) -> dict[str, Any]:
    operator = {"cmp": cmp, "label": word, "inputs": [{"name": "value", "label": label} | spec]}
    return {"field": field, "label": label, "group": group, "operators": [operator]}


SAMPLE_TREE: dict[str, Any] = {
    "op": "all",
    "items": [
        {"field": "city", "cmp": "is_any", "value": ["杭州", "苏州", "上海", "宁波"]},
        {
            "op": "any",
            "items": [
                {"field": "tag", "cmp": "has_any", "value": ["露营", "周末自驾"]},
                {"field": "orders", "cmp": "at_least", "value": 3},
            ],
        },
        {"op": "not", "items": [{"field": "tag", "cmp": "has_any", "value": ["KOC 候选"]}]},
    ],
}


def matches(node: dict[str, Any], person: SamplePerson) -> bool:
    """Return whether a sample person meets a tree."""
    if "op" in node:
        met = [matches(item, person) for item in node["items"]]
        return {"all": all(met), "any": any(met), "not": not any(met)}[node["op"]]
    value = node["value"]
    if node["field"] == "city":
        return person.city in value
    if node["field"] == "tag":
        return bool(set(person.tags) & set(value))
    return bool((person.orders if node["field"] == "orders" else person.spent_fen) >= value)


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every condition in reading order."""
    if "op" not in node:
        yield node
        return
    for item in node["items"]:
        yield from leaves(item)


def filtered(rows: list[SamplePerson], *, words: str, wanted: dict[str, Any]) -> list[SamplePerson]:
    """Keep who fits the filters and whose name or phone's end is ``words``."""
    words = words.strip()
    return [
        row
        for row in rows
        if wanted.get("city", "") in ("", row.city)
        and (not wanted.get("kind") or row.kind in wanted["kind"])
        and row.orders >= (wanted.get("min_orders") or 0)
        and (words in row.name or row.phone.endswith(words))
    ]


def ordered(rows: list[SamplePerson], order: str) -> list[SamplePerson]:
    """Sort by a field, descending after a minus; an unknown field leaves the rows as they are."""
    key = order.lstrip("-")
    if key not in ("spent_fen", "orders", "seen_at"):
        return rows
    return sorted(rows, key=lambda row: getattr(row, key), reverse=order.startswith("-"))


def page_start(rows: list[SamplePerson], *, after: str | None, before: str | None) -> int:
    """Return where the page begins that follows or precedes the row with this id."""
    places = {str(row.id): place for place, row in enumerate(rows)}
    if before in places:
        return max(0, places[before] - PAGE_SIZE)
    return places[after] + 1 if after in places else 0


def messages_by_hour(day: int) -> list[int]:
    """Return how much is said in each hour: quiet nights, lively evenings."""
    return [max(0, 97 - 3 * day - 9 * abs(hour - 20 - day % 2)) * (hour > 6) for hour in range(24)]
