"""The same conditions in plain Python, written from the words of the product and not from SQL."""

from datetime import date, timedelta

from tests.members.segments.population import TODAY, ZONE


def holds(node, person, world):
    if "op" in node:
        results = [holds(item, person, world) for item in node["items"]]
        return {"all": all, "any": any, "not": lambda r: not any(r)}[node["op"]](results)
    value = node.get("value")
    return bool(CONDITIONS[node["field"]](node["cmp"], value, person, world))


def local_day(at):
    return at.astimezone(ZONE).date()


def bare(value, name):
    return value[name] if isinstance(value, dict) else value


def when(cmp, value, day):
    if day is None:
        return False
    if cmp == "between":
        return date.fromisoformat(value["from"]) <= day <= date.fromisoformat(value["to"])
    limit = TODAY - timedelta(days=value)
    return day < limit if cmp == "before" else limit <= day <= TODAY


def among(cmp, value, actual):
    if cmp in {"known", "unknown"}:
        return (actual is not None) == (cmp == "known")
    return (actual in value) == (cmp == "in")


def window(value, person):
    value = value if isinstance(value, dict) else {}
    orders = person.orders
    end = date.fromisoformat(value["as_of"]) if "as_of" in value else None
    if "days" in value:
        end = end or TODAY
        orders = [o for o in orders if local_day(o[0]) >= end - timedelta(days=value["days"])]
    if end:
        orders = [o for o in orders if local_day(o[0]) <= end]
    if "channel" in value:
        orders = [o for o in orders if o[2] == value["channel"]]
    return orders


def compare(cmp, actual, wanted):
    return {"gte": actual >= wanted, "lte": actual <= wanted, "eq": actual == wanted}[cmp]


def order_average(cmp, value, person, _world):
    orders = window(value, person)
    total = sum(order[1] for order in orders)
    return bool(orders) and compare(cmp, total, bare(value, "fen") * len(orders))


def order_last(cmp, value, person, _world):
    narrowed = {k: value[k] for k in ("as_of", "channel") if isinstance(value, dict) and k in value}
    orders = window(narrowed, person)
    end = date.fromisoformat(narrowed["as_of"]) if "as_of" in narrowed else TODAY
    limit = end - timedelta(days=bare(value, "days"))
    if cmp == "within":
        return any(limit <= local_day(order[0]) <= end for order in orders)
    return bool(orders) and max(local_day(order[0]) for order in orders) < limit


def held_tags(value, person):
    detail = value if isinstance(value, dict) else {}
    return {
        tag
        for tag, (source, at) in person.tags.items()
        if ("source" not in detail or source in detail["source"])
        and ("days" not in detail or local_day(at) >= TODAY - timedelta(days=detail["days"]))
    }


def tags(cmp, value, person, _world):
    wanted, held = set(bare(value, "in")), held_tags(value, person)
    return {"any": wanted & held, "all": wanted <= held, "none": not wanted & held}[cmp]


def tag_groups(cmp, value, person, world):
    wanted = set().union(*(world.tags_of_group[group] for group in bare(value, "in")))
    found = bool(wanted & held_tags(value, person))
    return found == (cmp == "any")


def vehicle_model(cmp, value, person, _world):
    wanted = bare(value, "in")
    days = value.get("days") if isinstance(value, dict) else None
    found = any(
        model in wanted and (days is None or TODAY - timedelta(days=days) <= delivered <= TODAY)
        for model, delivered in person.cars
    )
    return found == (cmp == "in")


def consent(cmp, value, person, _world):
    answers = [person.consents.get(purpose) for purpose in value]
    if cmp == "withdrawn":
        return False in answers
    return (True in answers) == (cmp == "given")


def stage_days(cmp, value, person, _world):
    since = person.row.stage_since
    return since is not None and compare(cmp, (TODAY - since).days, value)


def own(attribute):
    return lambda cmp, value, person, _world: among(cmp, value, getattr(person.row, attribute))


CONDITIONS = {
    "stage": own("stage"),
    "gender": own("gender"),
    "source": own("source"),
    "city": own("city_id"),
    "dealer": own("home_dealer_id"),
    "phone": own("phone_hash"),
    "province": lambda cmp, value, p, _w: among(cmp, value, p.province),
    "region": lambda cmp, value, p, _w: among(cmp, value, p.region_id),
    "name": lambda cmp, value, p, _w: (
        p.row.display_name == value if cmp == "eq" else p.row.display_name.startswith(value)
    ),
    "stage_days": stage_days,
    "joined": lambda cmp, value, p, _w: when(cmp, value, p.row.joined_on),
    "last_active": lambda cmp, value, p, _w: when(
        cmp, value, p.row.last_active_at and local_day(p.row.last_active_at)
    ),
    "tags": tags,
    "tags.group": tag_groups,
    "vehicle": lambda cmp, _value, p, _w: bool(p.cars) == (cmp == "known"),
    "vehicle.model": vehicle_model,
    "vehicle.delivered": lambda cmp, value, p, _w: any(when(cmp, value, d) for _, d in p.cars),
    "consent": consent,
    "orders.count": lambda cmp, value, p, _w: compare(
        cmp, len(window(value, p)), bare(value, "number")
    ),
    "orders.sum": lambda cmp, value, p, _w: compare(
        cmp, sum(order[1] for order in window(value, p)), bare(value, "fen")
    ),
    "orders.average": order_average,
    "orders.last": order_last,
}
