"""P7: every page of the console with a million members, as an HQ admin opens it.

The list comes from the URL resolver: whatever answers GET, with the newest row of the brand where
an address names one. Each page is asked for in a small brand and in the large one: as many queries
in both. Parts that count everybody come after their page and have more time. The weight of a first
load is the page and every stylesheet, script and font it names, compressed as the server sends
them.
"""

import argparse
import gzip
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from bench import private, work
from bench.data import brand_of
from bench.report import Report, Result
from bench.visitors import visitors_of
from config.readiness import get_ready
from core.kernel.scoping import tenant
from core.organizations.models import Brand

MEMBERS, SMALL = 1_000_000, 10_000
GOAL_SECONDS, GOAL_COUNT_SECONDS, GOAL_BYTES = 0.150, 0.500, 350_000
ASKED = 40
# Loaded by their pages after these are shown.
COUNTS = {
    "core:workbench-health",
    "members:custom-fields-counts",
    "members:lifecycle-stages",
    "members:segments-people",
}
# Which row an address means, by the name of its argument.
MEMBER = "members.Member"
ROWS = {
    "member_id": MEMBER,
    "subject_id": MEMBER,
    "identity_id": "members.Identity",
    "field_id": "members.CustomField",
    "ownership_id": "members.Ownership",
    "merge_id": "members.MemberMerge",
    "erasure_id": "members.Erasure",
    "segment_id": "members.Segment",
    "snapshot_id": "members.Snapshot",
    "group_id": "members.TagGroup",
    "tag_id": "members.Tag",
    "act_id": "members.TagAct",
    "job_id": "members.ImportJob",
    "vehicle_id": "members.Vehicle",
    "community_id": "communities.Community",
    "room_id": "communities.Room",
    "membership_id": "communities.Membership",
    "rule_id": "communities.BuildRule",
    "run_id": "core.Run",
    "broadcast_id": "communities.Broadcast",
    "event_id": "events.Event",
    "registration_id": "events.Registration",
    "staff_id": "core.Staff",
    "grant_id": "core.RoleGrant",
    "region_id": "core.Region",
    "dealer_id": "core.Dealer",
    "store_id": "core.Store",
    "entry_id": "core.AuditEntry",
}
# The same word for another row, by a part of the address's name.
ELSEWHERE = {"build-runs": "communities.BuildRun", "points": "events.PointsEntry"}
# What stands in an address where it is no row.
WORDS = {
    "core:retention-edit": {"kind": "import"},
    "core:audit-of-subject": {"subject_type": "members.member"},
    "communities:policies-edit": {"kind": "service"},
    "members:imports-template": {"subject": "members"},
    "events:points-settle": {"act": "confirm"},
}
LEFT_OUT = {"healthz", "set_language", "core:sign-out", "core:sign-in", "core:files-download"}
# A page; elsewhere; nothing to show of this row; not in the state that its newest row is in.
ANSWERS = {200, 302, 404, 409}
ASSET = re.compile(r"""(?:href|src)="(/static/[^"#]+)""")
FONT = re.compile(r"""url\(["']?([^"')]+\.woff2)""")


@dataclass(frozen=True, slots=True)
class Seen:
    """What asking for one page of one brand came to."""

    status: int
    queries: int
    seconds: float
    weight: int


def run(options: argparse.Namespace) -> Report:
    """Ask for every page in a brand of ``options.members`` and in a small one."""
    large, small = options.members or MEMBERS, min(options.members or MEMBERS, SMALL)
    get_ready()  # as the web server does
    before, _missing = _pages(brand_of(small), 1)
    after, missing = _pages(brand_of(large), ASKED)
    pages = {name: seen for name, seen in after.items() if seen.status == 200}
    slow = {name: seen.seconds for name, seen in pages.items() if seen.seconds > _goal(name)}
    heavy = {name: seen.weight for name, seen in pages.items() if seen.weight > GOAL_BYTES}
    grown = {
        name: (before[name].queries, seen.queries)
        for name, seen in pages.items()
        if name in before and before[name].status == 200
        if seen.queries > before[name].queries
    }
    wrong = {name: seen.status for name, seen in after.items() if seen.status not in ANSWERS}
    worst = sorted(pages, key=lambda name: -pages[name].seconds)
    asking = sorted(pages, key=lambda name: -pages[name].queries)
    result = Result(members=large, ours=[pages[name].seconds for name in worst])
    return Report(
        title="pages of the console",
        goal=f"p95 ≤ {_ms(GOAL_SECONDS)} ms, counts ≤ {_ms(GOAL_COUNT_SECONDS)} ms, "
        f"≤ {GOAL_BYTES:,} bytes, queries as in a small brand",
        met=not (slow or heavy or grown or wrong),
        judged_from=MEMBERS,
        results=[result],
        notes={
            "pages": len(pages),
            "counts, p95 ms": {
                name: _ms(pages[name].seconds) for name in sorted(COUNTS & {*pages})
            },
            "not asked for, the brand has no such row": missing,
            "not to be shown": sorted(name for name in after if name not in pages),
            "wrong answers": wrong,
            "slowest, p95 ms": {name: _ms(pages[name].seconds) for name in worst[:10]},
            "too slow, p95 ms": {name: _ms(seconds) for name, seconds in slow.items()},
            "most queries": {name: pages[name].queries for name in asking[:10]},
            "heaviest, bytes": max(seen.weight for seen in pages.values()),
            "too heavy, bytes": heavy,
            "more queries than in a small brand": grown,
        },
    )


def _goal(name: str) -> float:
    return GOAL_COUNT_SECONDS if name in COUNTS else GOAL_SECONDS


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _pages(brand: Brand, asked: int) -> tuple[dict[str, Seen], list[str]]:
    """Return what asking for each page came to, and the addresses that no row leads to."""
    private.leave_in(brand)
    work.leave_in(brand)
    person = visitors_of(brand).person
    found, missing = {}, []
    for name, arguments in _addresses(get_resolver()):
        if name in LEFT_OUT:
            continue
        with tenant(brand.pk):
            values = WORDS.get(name, {}) | {
                each: _row(each, name) for each in arguments if each in ROWS
            }
        if {*values} != {*arguments} or None in values.values():
            missing.append(name)
            continue
        seen = _ask(person, reverse(name, kwargs=values), asked)
        if seen.status != 405:
            found[name] = seen
    return found, missing


def _addresses(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the names of all console addresses with those of their arguments."""
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            if not str(each.pattern).startswith("api/"):
                inner = f"{space}{each.namespace}:" if each.namespace else space
                yield from _addresses(each, inner)
        elif isinstance(each, URLPattern) and each.name:
            yield space + each.name, list(each.pattern.converters)


def _row(argument: str, name: str) -> Any:
    """Return the newest row's key, or None where there is none.

    Of members the oldest, of whom as much is known in one brand as in the other.
    """
    label = ROWS[argument]
    if argument in ("run_id", "entry_id"):
        label = next((row for part, row in ELSEWHERE.items() if part in name), label)
    rows = apps.get_model(label).objects.order_by("pk" if label == MEMBER else "-pk")
    return rows.values_list("pk", flat=True).first()


def _ask(person: Client, address: str, asked: int) -> Seen:
    answer = person.get(address)  # warms caches of templates and of the database
    if answer.status_code != 200:
        return Seen(answer.status_code, 0, 0.0, 0)
    with CaptureQueriesContext(connection) as queries:
        answer = person.get(address)
    asked_for = len(queries)  # The next request empties the list.
    times = []
    for _ in range(asked):
        start = time.perf_counter()
        person.get(address)
        times.append(time.perf_counter() - start)
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if asked > 1 else times[0]
    return Seen(200, asked_for, p95, _weight(answer))


def _weight(answer: Any) -> int:
    """Return the compressed bytes of a page with all that it names."""
    if answer.streaming:
        return 0
    named = set(ASSET.findall(answer.content.decode()))
    parts = [_asset(name) for name in named if not name.endswith(".js") or "chart" not in name]
    return len(gzip.compress(answer.content)) + sum(chain.from_iterable(parts))


_assets: dict[str, list[int]] = {}


def _asset(address: str) -> list[int]:
    """Return the compressed bytes of a static file and of the fonts that it names."""
    if address not in _assets:
        path = Path(settings.STATIC_ROOT) / address.removeprefix(settings.STATIC_URL)
        _assets[address] = [_bytes(path)]
        if path.suffix == ".css":
            fonts = {path.parent / font.split("?")[0] for font in FONT.findall(path.read_text())}
            _assets[address] += [_bytes(font) for font in fonts if font.exists()]
    return _assets[address]


def _bytes(path: Path) -> int:
    ready = (path.with_name(path.name + ending) for ending in (".br", ".gz"))
    smaller = next((each for each in ready if each.exists()), None)
    return (smaller or path).stat().st_size
