"""The same conditions in plain Python, written from the words of the product and not from SQL."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal

from tests.members.segments.moments import TODAY, ZONE


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
    if "category" in value:
        orders = [o for o in orders if o[3] in value["category"]]
    return orders


def compare(cmp, actual, wanted):
    return {"gte": actual >= wanted, "lte": actual <= wanted, "eq": actual == wanted}[cmp]


def only(value, *names):
    return {name: value[name] for name in names if isinstance(value, dict) and name in value}


def order_category(cmp, value, person, _world):
    detail = value if isinstance(value, dict) else {"in": value}
    return bool(window({**detail, "category": detail["in"]}, person)) == (cmp == "in")


def order_average(cmp, value, person, _world):
    orders = window(value, person)
    total = sum(order[1] for order in orders)
    return bool(orders) and compare(cmp, total, bare(value, "fen") * len(orders))


def order_last(cmp, value, person, _world):
    narrowed = only(value, "as_of", "channel", "category")
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
        and ("since" not in detail or local_day(at) >= date.fromisoformat(detail["since"]))
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
        for model, delivered, _km in person.cars
    )
    return found == (cmp == "in")


def months_old(delivered):
    """Whole months, the day of the month counting: TODAY is one that every month has."""
    months = (TODAY.year - delivered.year) * 12 + TODAY.month - delivered.month
    return months - (delivered.day > TODAY.day)


def order_first(cmp, value, person, _world):
    detail = value if isinstance(value, dict) else {"days": value}
    orders = window(only(detail, "channel", "category"), person)
    wanted = detail if cmp == "between" else detail["days"]
    return bool(orders) and when(cmp, wanted, min(local_day(order[0]) for order in orders))


def seats(test):
    """A condition on the seats that somebody has now; "not in" is that none meets it."""

    def condition(cmp, value, person, _world):
        return any(test(seat, value) for seat in person.seats) == (cmp == "in")

    return condition


def role(seat, value):
    kinds = value.get("kind") if isinstance(value, dict) else None
    return seat.role in bare(value, "in") and (kinds is None or seat.kind in kinds)


def messages_read(cmp, value, person, _world):
    since = TODAY - timedelta(days=value["days"])
    read = sum(
        1
        for seat in person.seats
        for seq, at in enumerate(seat.messages, start=1)
        if local_day(at) >= since and seq <= seat.read_seq
    )
    return compare(cmp, read, value["number"])


def moved(person, ledger, side=None):
    return [row for row in person.points if row[0] == ledger and side in (None, row[1])]


def points_left(ledger):
    def condition(cmp, value, person, _world):
        left = sum(amount for _ledger, _side, amount, _at in moved(person, ledger))
        if cmp == "between":
            return value["from"] <= left <= value["to"]
        return compare(cmp, left, value)

    return condition


def points_moved(side, sign):
    def condition(cmp, value, person, _world):
        since = TODAY - timedelta(days=value["days"])
        rows = [r for r in moved(person, "points", side) if since <= local_day(r[3]) <= TODAY]
        return compare(cmp, max(sign * sum(r[2] for r in rows), 0), value["number"])

    return condition


def points_last(cmp, value, person, _world):
    gains = [r for r in moved(person, "points", "earned") if r[2] > 0]
    days = [local_day(r[3]) for r in gains]
    limit = TODAY - timedelta(days=value)
    if cmp == "within":
        return any(limit <= day <= TODAY for day in days)
    return bool(days) and max(days) < limit


def went(value, person):
    """The times somebody came, within the window and at events of the kinds."""
    return [
        local_day(visit.came_at)
        for visit in person.visits
        if visit.state == "checked_in"
        and local_day(visit.came_at) <= TODAY
        and ("days" not in value or local_day(visit.came_at) >= TODAY - timedelta(value["days"]))
        and ("kind" not in value or visit.kind in value["kind"])
    ]


def events_attended(cmp, value, person, _world):
    detail = value if isinstance(value, dict) else {}
    return compare(cmp, len(went(detail, person)), bare(value, "number"))


def events_missed(cmp, value, person, _world):
    detail = value if isinstance(value, dict) else {}
    missed = [
        visit
        for visit in person.visits
        if visit.state == "registered"
        and visit.event_state in {"published", "done"}
        and local_day(visit.ends_at) < TODAY
        and ("days" not in detail or local_day(visit.ends_at) >= TODAY - timedelta(detail["days"]))
        and ("kind" not in detail or visit.kind in detail["kind"])
    ]
    return compare(cmp, len(missed), bare(value, "number"))


def events_event(cmp, value, person, _world):
    what = value.get("what") if isinstance(value, dict) else None
    states = {"checked_in"} if what == ["checked_in"] else {"registered", "checked_in"}
    chosen = bare(value, "in")
    found = any(v.event_id in chosen and v.state in states for v in person.visits)
    return found == (cmp == "in")


def events_last(cmp, value, person, _world):
    detail = value if isinstance(value, dict) else {"days": value}
    narrowed = {"kind": detail["kind"]} if "kind" in detail else {}
    found, limit = went(narrowed, person), TODAY - timedelta(days=detail["days"])
    if cmp == "within":
        return any(day >= limit for day in found)
    return bool(found) and max(found) < limit


def segment(cmp, value, person, world):
    return any(holds(world.segments[pk], person, world) for pk in value) == (cmp == "in")


def random_share(_cmp, value, person, _world):
    seed = value.get("seed", 0)
    if salt := value.get("salt", ""):
        digest = hashlib.sha256(f"{seed}:{salt}".encode()).digest()
        seed = int.from_bytes(digest[:8], "big")
    return bucket(person.row.pk, seed) < value["percent"]


def bucket(number, seed):
    """Bob Jenkins' hash of one number, as PostgreSQL's partitions by hash rest on it."""

    def turned(x, by):
        return (x << by | x >> (32 - by)) & 0xFFFFFFFF

    a = b = c = (0x9E3779B9 + 4 + 3923095) & 0xFFFFFFFF
    if seed:
        a, b = (a + (seed >> 32)) & 0xFFFFFFFF, (b + seed) & 0xFFFFFFFF
        for by in ((4, 6, 8), (16, 19, 4)):
            a = (a - c & 0xFFFFFFFF) ^ turned(c, by[0])
            c = c + b & 0xFFFFFFFF
            b = (b - a & 0xFFFFFFFF) ^ turned(a, by[1])
            a = a + c & 0xFFFFFFFF
            c = (c - b & 0xFFFFFFFF) ^ turned(b, by[2])
            b = b + a & 0xFFFFFFFF
    a = (a + (number & 0xFFFFFFFF ^ number >> 32)) & 0xFFFFFFFF
    c = (c ^ b) - turned(b, 14) & 0xFFFFFFFF
    a = (a ^ c) - turned(c, 11) & 0xFFFFFFFF
    b = (b ^ a) - turned(a, 25) & 0xFFFFFFFF
    c = (c ^ b) - turned(b, 16) & 0xFFFFFFFF
    a = (a ^ c) - turned(c, 4) & 0xFFFFFFFF
    b = (b ^ a) - turned(a, 14) & 0xFFFFFFFF
    c = (c ^ b) - turned(b, 24) & 0xFFFFFFFF
    return (c & 0x7FFFFFFF) % 100


def consent(cmp, value, person, _world):
    answers = [person.consents.get(purpose) for purpose in value]
    if cmp == "withdrawn":
        return False in answers
    return (True in answers) == (cmp == "given")


def stage_days(cmp, value, person, _world):
    since = person.row.stage_since
    return since is not None and compare(cmp, (TODAY - since).days, value)


def custom_text(cmp, value, held):
    if cmp == "prefix":
        return held is not None and held.startswith(value)
    return (held == value) == (cmp == "eq")


def custom_number(cmp, value, held):
    if held is None:
        return False
    if cmp == "between":
        return Decimal(str(value["from"])) <= held <= Decimal(str(value["to"]))
    return compare(cmp, held, Decimal(str(value)))


def custom_day(cmp, value, held):
    if cmp == "ahead":
        return held is not None and TODAY <= held <= TODAY + timedelta(days=value)
    return when(cmp, value, held)


def custom_choices(cmp, value, held):
    wanted, held = set(value), held or set()
    return {"any": wanted & held, "all": wanted <= held, "none": not wanted & held}[cmp]


def custom(key, test):
    def condition(cmp, value, person, _world):
        held = person.custom.get(key)
        if cmp in {"known", "unknown"}:
            return (held is not None) == (cmp == "known")
        return test(cmp, value, held)

    return condition


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
    "vehicle.delivered": lambda cmp, value, p, _w: any(when(cmp, value, d) for _, d, _km in p.cars),
    "vehicle.age": lambda cmp, value, p, _w: any(
        d <= TODAY and compare(cmp, months_old(d), value) for _, d, _km in p.cars
    ),
    "vehicle.mileage": lambda cmp, value, p, _w: any(
        km is not None and compare(cmp, km, value) for *_, km in p.cars
    ),
    "consent": consent,
    "orders.count": lambda cmp, value, p, _w: compare(
        cmp, len(window(value, p)), bare(value, "number")
    ),
    "orders.sum": lambda cmp, value, p, _w: compare(
        cmp, sum(order[1] for order in window(value, p)), bare(value, "fen")
    ),
    "orders.average": order_average,
    "orders.last": order_last,
    "orders.first": order_first,
    "orders.category": order_category,
    "community": seats(lambda seat, value: seat.community_id in value),
    "community_kind": seats(lambda seat, value: seat.kind in value),
    "community.room": seats(lambda seat, value: seat.room_id in value),
    "community.role": seats(role),
    "community.seat": lambda cmp, _value, p, _w: bool(p.seats) == (cmp == "known"),
    "messages.read": messages_read,
    "points.balance": points_left("points"),
    "points.contribution": points_left("contribution"),
    "points.earned": points_moved("earned", 1),
    "points.spent": points_moved("spent", -1),
    "points.last": points_last,
    "events.attended": events_attended,
    "events.missed": events_missed,
    "events.event": events_event,
    "events.last": events_last,
    "events.ever": lambda cmp, _value, p, _w: bool(went({}, p)) == (cmp == "known"),
    "segment": segment,
    "random": random_share,
    "custom.nick": custom("nick", custom_text),
    "custom.family": custom("family", custom_number),
    "custom.score": custom("score", custom_number),
    "custom.swap": custom("swap", custom_day),
    "custom.purpose": custom("purpose", among),
    "custom.likes": custom("likes", custom_choices),
}
