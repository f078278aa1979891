"""P8: how the batch jobs of P1, P2 and P4, and the pages, grow from 10 k over 100 k to 1 M.

Runs those three tables whole, so that they are written too, and fits a power law through ours:
seconds = c × members ** exponent. 1 is linear; below it, fixed costs still count. Pages are asked
of the product itself, as a signed-in person and as a program, at each size.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.test import Client

from bench import p1, p2, p4, report
from bench.data import brand_of
from bench.report import Report, Result
from bench.visitors import visitors_of
from core.organizations.models import Brand

BATCH_GOAL, PAGE_GOAL = 1.05, 0.1
# P4 first: it empties the members' tables, so it wants a database in which nothing is yet.
JOBS = {"p4": p4.run, "p1": p1.run, "p2": p2.run}
MEMBERS = 1_000_000
ASKED, DEEP = 15, 20


def run(options: argparse.Namespace) -> Report:
    """Measure every size up to ``options.members``."""
    options.members = options.members or MEMBERS
    jobs = {name: _sizes(name, job, options) for name, job in JOBS.items()}
    sizes = sorted(set.intersection(*(set(found) for found in jobs.values())))
    pages = {size: _pages(brand_of(size)) for size in sizes}
    exponents = {
        name: exponent(sizes, [found[size].ours_s for size in sizes])
        for name, found in jobs.items()
    }
    names = pages[sizes[-1]]
    flat = {name: exponent(sizes, [pages[size][name] for size in sizes]) for name in names}
    met = max(exponents.values()) <= BATCH_GOAL and max(flat.values()) <= PAGE_GOAL
    return Report(
        title="growth of the batch jobs of P1, P2 and P4 together, and of the pages",
        goal=f"exponent ≤ {BATCH_GOAL} for each job, ≤ {PAGE_GOAL} for each page",
        met=met,
        judged_from=MEMBERS,
        results=[_together(size, jobs, pages[size]) for size in sizes],
        notes={"exponents of jobs": exponents, "exponents of pages": flat},
    )


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of the straight line through the logarithms: least squares."""
    if len(sizes) < 2:
        return 0.0
    line = statistics.linear_regression(
        [math.log(n) for n in sizes], [math.log(s) for s in seconds]
    )
    return round(line.slope, 3)


def _sizes(
    name: str, job: Callable[[argparse.Namespace], Report], options: argparse.Namespace
) -> Mapping[int, Result]:
    """Run one table and return what each size came to; of several, the last."""
    found = job(options)
    report.show(name, found)
    report.write(name, found)
    return {result.members: result for result in found.results}


def _together(
    size: int, jobs: Mapping[str, Mapping[int, Result]], pages: Mapping[str, float]
) -> Result:
    results = [found[size] for found in jobs.values()]
    notes: dict[str, Any] = {name: round(found[size].ours_s, 3) for name, found in jobs.items()}
    notes["pages_ms"] = {name: round(1000 * seconds, 1) for name, seconds in pages.items()}
    return Result(
        members=size,
        ours=[sum(result.ours_s for result in results)],
        floor=[sum(result.floor_s or 0 for result in results)],
        usual=[sum(result.usual_s or 0 for result in results)],
        notes=notes,
    )


def _pages(brand: Brand) -> dict[str, float]:
    """Return the median seconds of each page."""
    visitors = visitors_of(brand)
    person, program = visitors.person, visitors.program
    first = "/api/v1/members/?limit=50"
    deep = _follow(program, first)
    member_id = program.get(first).json()["results"][-1]["id"]
    return {
        "console: members": _median(person, "/members/"),
        "console: a member": _median(person, f"/members/{member_id}/"),
        "console: tags": _median(person, "/members/tags/"),
        "console: workbench": _median(person, "/"),
        "REST: members, page 1": _median(program, first),
        f"REST: members, page {DEEP}": _median(program, deep),
        "REST: a member": _median(program, f"/api/v1/members/{member_id}/"),
    }


def _follow(client: Client, address: str) -> str:
    for _ in range(DEEP - 1):
        address = client.get(address).json()["next"]
    return address


def _median(client: Client, address: str) -> float:
    times = []
    for _ in range(ASKED):
        start = time.perf_counter()
        answer = client.get(address)
        times.append(time.perf_counter() - start)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
    return statistics.median(times)
