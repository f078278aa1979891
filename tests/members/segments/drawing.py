"""Conditions and trees as Hypothesis draws them; what they name exists in the population."""

from datetime import timedelta

from hypothesis import HealthCheck
from hypothesis import strategies as st

from tests.members.segments.moments import TODAY
from tests.members.segments.population import (
    CATEGORIES,
    CHANNELS,
    CUSTOM,
    KINDS,
    NICKS,
    SOURCES,
    STAGES,
)
from tests.members.segments.population_of_events import EVENT_KINDS

# The same trees every time, so that a failure is somebody's change and not the weather.
STEADY = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def forward(ends):
    """Return two ends of a span; one that goes back is refused."""
    return dict(zip(("from", "to"), sorted(ends), strict=True))


def days():
    return st.integers(0, 45)


def dates():
    return st.integers(-3, 45).map(lambda ago: (TODAY - timedelta(days=ago)).isoformat())


def either(bare, main, **details):
    """The value bare, or an object with some of the details."""
    extended = st.fixed_dictionaries({main: bare}, optional=details)
    return bare | extended


def leaf(field, comparisons, values):
    return st.builds(
        lambda cmp, value: {"field": field, "cmp": cmp, "value": value},
        st.sampled_from(comparisons),
        values,
    )


def bare_leaf(field):
    return st.sampled_from(["known", "unknown"]).map(lambda cmp: {"field": field, "cmp": cmp})


def between(**details):
    ends = st.lists(dates(), min_size=2, max_size=2).map(forward)
    return st.builds(
        lambda span, more: span | more, ends, st.fixed_dictionaries({}, optional=details)
    )


def when(field):
    return leaf(field, ["within", "before"], days()) | leaf(field, ["between"], between())


def order_window():
    return {
        "days": days(),
        "as_of": dates(),
        **order_details(),
    }


def order_details():
    return {
        "channel": st.sampled_from([c for c in CHANNELS if c]),
        "category": some([c for c in CATEGORIES if c]),
    }


def conditions(world):
    return st.one_of(*every_condition(world))


def every_condition(world):
    """Return strategies that together draw each field, comparison and optional input."""
    tag_details = {"source": some(SOURCES), "days": days(), "since": dates()}
    share = st.fixed_dictionaries(
        {"percent": st.integers(1, 99)},
        optional={"seed": st.integers(0, 10**6), "salt": st.sampled_from(["春", "autumn"])},
    )
    read = st.fixed_dictionaries({"number": st.integers(0, 15), "days": st.integers(0, 65)})
    money = st.integers(0, 60).map(lambda n: n * 100)
    window, kinds = order_window(), [c for c in CATEGORIES if c] + ["nobody's"]
    del window["category"]
    return [
        leaf("stage", ["in", "not_in"], some(STAGES)),
        leaf("gender", ["in", "not_in"], some(["f", "m"])),
        leaf("source", ["in", "not_in"], some(["app", "import"])),
        leaf("city", ["in", "not_in"], some(["3301", "3302", "3101"])),
        leaf("province", ["in", "not_in"], some(["浙江省", "上海市"])),
        leaf("dealer", ["in", "not_in"], some(world.dealer_ids)),
        leaf("region", ["in", "not_in"], some(world.region_ids)),
        leaf("name", ["prefix", "eq"], st.sampled_from(["王", "王%", "李_", "张\\", "张'", "%"])),
        leaf("stage_days", ["gte", "lte"], days()),
        leaf("tags", ["any", "all", "none"], either(some(world.tag_ids), "in", **tag_details)),
        leaf("tags.group", ["any", "none"], either(some(world.group_ids), "in", **tag_details)),
        leaf("vehicle.model", ["in", "not_in"], either(some(world.model_ids), "in", days=days())),
        leaf("consent", ["given", "withdrawn", "not_given"], some(["community", "marketing"])),
        leaf(
            "orders.count",
            ["gte", "lte", "eq"],
            either(st.integers(0, 6), "number", **order_window()),
        ),
        leaf("orders.sum", ["gte", "lte"], either(money, "fen", **order_window())),
        leaf("orders.average", ["gte", "lte"], either(money, "fen", **order_window())),
        leaf(
            "orders.last",
            ["within", "before"],
            either(days(), "days", as_of=dates(), **order_details()),
        ),
        leaf("orders.first", ["within", "before"], either(days(), "days", **order_details())),
        leaf("orders.first", ["between"], between(**order_details())),
        leaf("orders.category", ["in", "not_in"], either(some(kinds), "in", **window)),
        leaf("vehicle.age", ["gte", "lte"], st.integers(0, 40)),
        leaf("vehicle.mileage", ["gte", "lte"], st.integers(0, 60).map(lambda n: n * 1000)),
        leaf("community", ["in", "not_in"], some(world.community_ids)),
        leaf("community_kind", ["in", "not_in"], some(KINDS)),
        leaf("community.room", ["in", "not_in"], some(world.room_ids)),
        leaf(
            "community.role",
            ["in", "not_in"],
            either(some(["member", "admin", "president"]), "in", kind=some(KINDS)),
        ),
        leaf("messages.read", ["gte", "lte"], read),
        *points_conditions(),
        *event_conditions(world),
        leaf("segment", ["in", "not_in"], some(list(world.segments))),
        leaf("random", ["share"], share),
        *custom_conditions(world),
        *(
            bare_leaf(field)
            for field in ("city", "dealer", "phone", "vehicle", "community.seat", "events.ever")
        ),
        *(bare_leaf(f"custom.{key}") for key, *_rest in CUSTOM),
        *(when(field) for field in ("joined", "last_active", "vehicle.delivered")),
    ]


def points_conditions():
    window = st.fixed_dictionaries({"number": st.integers(0, 90), "days": days()})
    span = st.lists(st.integers(0, 90), min_size=2, max_size=2).map(forward)
    return [
        *(
            leaf(field, ["gte", "lte"], st.integers(0, 90)) | leaf(field, ["between"], span)
            for field in ("points.balance", "points.contribution")
        ),
        *(leaf(field, ["gte", "lte"], window) for field in ("points.earned", "points.spent")),
        leaf("points.last", ["within", "before"], days()),
    ]


def event_conditions(world):
    kind = {"kind": some(EVENT_KINDS)}
    times = either(st.integers(0, 4), "number", days=st.integers(0, 65), **kind)
    whats = {"what": some(["registered", "checked_in"])}
    return [
        leaf("events.attended", ["gte", "lte"], times),
        leaf("events.missed", ["gte", "lte"], times),
        leaf("events.event", ["in", "not_in"], either(some(world.event_ids), "in", **whats)),
        leaf("events.last", ["within", "before"], either(st.integers(0, 65), "days", **kind)),
    ]


def custom_conditions(world):
    whole, quarters = st.integers(-2, 7), st.integers(0, 20).map(lambda n: n / 4)
    numbers = [("custom.family", whole), ("custom.score", quarters)]
    return [
        leaf("custom.nick", ["eq", "not_eq", "prefix"], st.sampled_from(NICKS)),
        *(leaf(field, ["gte", "lte", "eq"], number) for field, number in numbers),
        *(
            leaf(field, ["between"], st.lists(number, min_size=2, max_size=2).map(forward))
            for field, number in numbers
        ),
        when("custom.swap"),
        leaf("custom.swap", ["ahead"], days()),
        leaf("custom.purpose", ["in", "not_in"], some(world.choice_ids["purpose"])),
        leaf("custom.likes", ["any", "all", "none"], some(world.choice_ids["likes"])),
    ]


def trees(world):
    def groups(children):
        return st.builds(
            lambda op, items: {"op": op, "items": items},
            st.sampled_from(["all", "any", "not"]),
            st.lists(children, min_size=1, max_size=3),
        )

    return groups(st.recursive(conditions(world), groups, max_leaves=7))
