"""P1: count and materialize a segment of six conditions: tags, not a tag, city, stage, orders.

floor: the same question as SQL by hand, the light conditions first, run by the owner with
row-level security out of the way. usual: the ORM narrows by city and stage, Python looks at the
tags and orders of each member. ours: the JSON tree, compiled, as the application's role behind its
policies. Each keeps the members it found in a table and counts them.
"""

import argparse
import math
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from bench.data import brand_of
from bench.report import Report, Result, in_turn
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from members.profiles.models import Member
from members.segments import selectors
from members.tags.models import Tag

GOAL, PREVIEW_GOAL_S, FASTER_GOAL = 1.2, 0.5, 20
MEMBERS = 1_000_000
CITIES = ["3301", "3101", "1101", "4401", "4403", "5101", "3205", "5001"]
STAGES = ["growth", "mature"]
DAYS, ORDERS = 180, 2
TABLES = ("members_member", "members_membertag", "members_order")
PREVIEWS = 7
# Half a second is soon disturbed: several of the short jobs to each of the long one.
SHORT_ONES = 5

FLOOR = """
    CREATE TEMP TABLE found ON COMMIT DROP AS
    WITH light AS MATERIALIZED (
        SELECT m.id FROM members_member m
        WHERE m.brand_id = %(brand)s AND m.city_id = ANY(%(cities)s) AND m.stage = ANY(%(stages)s)
          AND EXISTS (SELECT FROM members_membertag t WHERE t.brand_id = %(brand)s
              AND t.tag_id = ANY(%(any)s) AND t.member_id = m.id)
          AND EXISTS (SELECT FROM members_membertag t WHERE t.brand_id = %(brand)s
              AND t.tag_id = %(also)s AND t.member_id = m.id)
          AND NOT EXISTS (SELECT FROM members_membertag t WHERE t.brand_id = %(brand)s
              AND t.tag_id = %(never)s AND t.member_id = m.id)
    )
    SELECT o.member_id FROM members_order o JOIN light ON light.id = o.member_id
    WHERE o.brand_id = %(brand)s AND o.ordered_at >= %(since)s AND o.ordered_at < %(until)s
    GROUP BY o.member_id HAVING count(*) >= %(orders)s
"""
COUNT = "SELECT count(*) FROM found"


def run(options: argparse.Namespace) -> Report:
    """Measure every size up to ``options.members``."""
    most = options.members or MEMBERS
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size < most] + [most]
    results = [Bench(brand_of(size), size).measure(options.rounds) for size in sizes]
    last = results[-1]
    met = (
        (last.ratio_to_floor or math.inf) <= GOAL
        and last.notes["preview_s"] <= PREVIEW_GOAL_S
        and (last.ratio_to_usual or 1) <= 1 / FASTER_GOAL
    )
    notes = {}
    if len(results) > 1:
        first = results[0]
        growth = math.log(last.ours_s / first.ours_s) / math.log(last.members / first.members)
        notes["exponent"] = round(growth, 2)
    return Report(
        title="count and materialize a segment of six conditions",
        goal=f"≤ {GOAL} × floor, preview ≤ {PREVIEW_GOAL_S} s, ≥ {FASTER_GOAL} × faster than usual",
        met=met,
        judged_from=MEMBERS,
        results=results,
        notes=notes,
    )


class Bench:
    """One brand of one size."""

    def __init__(self, brand: Brand, members: int) -> None:
        self.brand, self.members, self.now = brand, members, timezone.now()
        with tenant(brand.pk):
            tags = dict(Tag.objects.values_list("name", "pk"))
        self.any = [tags["露营"], tags["自驾"], tags["越野"]]
        self.also, self.never = tags["通勤"], tags["投诉处理中"]
        self.found: dict[str, int] = {}

    def measure(self, rounds: int) -> Result:
        with self._policies_off():
            jobs = {"floor": self.floor}
            floor = in_turn(jobs, rounds=1)  # warms the cache for all of them
        seconds: dict[str, list[float]] = {"floor": [], "usual": [], "ours": []}
        for _ in range(rounds):
            for name, times in self._round().items():
                seconds[name] += times
        if len(set(self.found.values())) != 1:
            raise RuntimeError(f"they disagree: {self.found}")
        notes: dict[str, Any] = {
            "found": self.found["ours"],
            "tags": self._count("members_membertag"),
            "orders": self._count("members_order"),
            "cold_floor_s": round(floor["floor"][0], 3),
            "preview_s": round(self.preview(), 3),
        }
        return Result(members=self.members, notes=notes, **seconds)

    def _round(self) -> dict[str, list[float]]:
        times = in_turn({"usual": self.usual}, rounds=1) | {"floor": [], "ours": []}
        for _ in range(SHORT_ONES):
            with self._policies_off():
                times["floor"] += in_turn({"floor": self.floor}, rounds=1)["floor"]
            times["ours"] += in_turn({"ours": self.ours}, rounds=1)["ours"]
        return times

    @property
    def tree(self) -> dict[str, Any]:
        """The six conditions as the builder would save them."""
        orders = {"number": ORDERS, "days": DAYS}
        return {
            "op": "all",
            "items": [
                {"field": "tags", "cmp": "any", "value": self.any},
                {"field": "tags", "cmp": "any", "value": [self.also]},
                {"op": "not", "items": [{"field": "tags", "cmp": "any", "value": [self.never]}]},
                {"field": "city", "cmp": "in", "value": CITIES},
                {"field": "stage", "cmp": "in", "value": STAGES},
                {"field": "orders.count", "cmp": "gte", "value": orders},
            ],
        }

    def ours(self) -> None:
        """Compile the tree, keep the members, count them."""
        with tenant(self.brand.pk), connection.cursor() as cursor:
            found = selectors.member_ids_sql(tree=self.tree, brand_id=self.brand.pk, now=self.now)
            selectors.prepare()
            kept = "CREATE TEMP TABLE found ON COMMIT DROP AS " + found.sql
            cursor.execute(kept, found.params)
            cursor.execute(COUNT)
            self.found["ours"] = cursor.fetchone()[0]

    def preview(self) -> float:
        """Return the median time of what the builder asks: the count and a sample."""
        times = []
        for _ in range(PREVIEWS):
            start = time.perf_counter()
            with tenant(self.brand.pk):
                selectors.preview(tree=self.tree, brand_id=self.brand.pk, now=self.now)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    def floor(self) -> None:
        """Ask by hand, with the memory that ours has."""
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(selectors.SETTINGS, [selectors.WORK_MEM, selectors.RANDOM_PAGE_COST])
            since, until = self._window()
            cursor.execute(
                FLOOR,
                {
                    "brand": self.brand.pk,
                    "cities": CITIES,
                    "stages": STAGES,
                    "any": self.any,
                    "also": self.also,
                    "never": self.never,
                    "since": since,
                    "until": until,
                    "orders": ORDERS,
                },
            )
            cursor.execute(COUNT)
            self.found["floor"] = cursor.fetchone()[0]

    def usual(self) -> None:
        """Narrow by columns, prefetch, and decide in Python."""
        wanted, (since, until) = set(self.any), self._window()
        found = []
        with tenant(self.brand.pk), connection.cursor() as cursor:
            rows = Member.objects.filter(city__in=CITIES, stage__in=STAGES)
            for member in rows.prefetch_related("member_tags", "orders").iterator(2000):
                tags = {held.tag_id for held in member.member_tags.all()}
                if self.never in tags or self.also not in tags or not tags & wanted:
                    continue
                orders = [o for o in member.orders.all() if since <= o.ordered_at < until]
                if len(orders) >= ORDERS:
                    found.append(member.pk)
            cursor.execute("CREATE TEMP TABLE found (member_id bigint) ON COMMIT DROP")
            for start in range(0, len(found), 1000):
                some = found[start : start + 1000]
                cursor.execute("INSERT INTO found VALUES " + ",".join(["(%s)"] * len(some)), some)
            cursor.execute(COUNT)
            self.found["usual"] = cursor.fetchone()[0]

    def _window(self) -> tuple[datetime, datetime]:
        zone = ZoneInfo(settings.TIME_ZONE)
        today = self.now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - timedelta(days=DAYS), today + timedelta(days=1)

    def _count(self, table: str) -> int:
        with tenant(self.brand.pk), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            number: int = cursor.fetchone()[0]
            return number

    @contextmanager
    def _policies_off(self) -> Iterator[None]:
        """Let the owner see rows without policies while the floor is measured."""
        with connections["owner"].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            try:
                yield
            finally:
                for table in TABLES:
                    cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
