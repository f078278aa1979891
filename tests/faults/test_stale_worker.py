"""Invariant 8: a worker that stood still past its lease has nothing more to say."""

import os
import signal
import time

import pytest

from tests.faults.product import wait_until
from tests.faults.seeding import brand_with_rooms, confirm_broadcast, tally

pytestmark = pytest.mark.fault

ROOMS = 30
LEASE = {"DELIVERY_LEASE_SECONDS": "2", "DELIVERY_BATCH": "50"}
DELIVER = """
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from communities.broadcasts import delivering, ports
{prepare}
delivering.deliver_due(brand_id={brand}, now=timezone.now(), budget=timedelta(seconds=20))
"""
# Says that nothing could be sent, without having tried.
PESSIMIST = """
class Channel:
    def send_batch(self, posts):
        return {post.key: ports.Outcome(ports.Result.FAILED, error="no_line") for post in posts}
    def find(self, keys):
        return {}
delivering.channel_of = lambda name, brand_id: Channel()
"""
UNFENCED = """
from core.work import services as work
fenced = work._settle_sql
def unfenced(*args):
    sql, params = fenced(*args)
    return sql.replace("AND row.fence = given.fence", ""), params
work._settle_sql = unfenced
"""


def is_stopped(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def start(product, name, brand, prepare="", **variables):
    return product.spawn(
        name, "-c", DELIVER.format(brand=brand, prepare=prepare), **LEASE, **variables
    )


def stalled_worker(product, brand, where, prepare=""):
    """A worker that claimed everything and then stood still, its lease over by now."""
    stale = start(product, "stale", brand, prepare, FAULT_POINTS=f"{where}=stop@1")
    wait_until(lambda: is_stopped(stale), seconds=20)
    time.sleep(2.2)
    return stale


def wake(process):
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(20) == 0


def rows_of(product, brand):
    return set(product.all(brand, "SELECT DISTINCT state, fence, error FROM communities_delivery"))


@pytest.mark.parametrize(
    "where", ["broadcasts.after_claim", "broadcasts.sending", "broadcasts.after_send"]
)
def test_who_wakes_up_late_changes_nothing(product, where):
    brand = brand_with_rooms(product, f"stale-{where[-10:]}", ROOMS)
    confirm_broadcast(product, brand)
    stale = stalled_worker(product, brand, where)
    assert start(product, "second", brand).wait(20) == 0
    assert rows_of(product, brand) == {("sent", 2, "")}
    wake(stale)
    assert rows_of(product, brand) == {("sent", 2, "")}
    found = tally(product, brand)
    assert (found.duplicates, found.left_out, found.gaps, found.broken) == (0, 0, 0, 0)
    assert product.breaches(brand) == []
    said = (product.folder / "stale.log").read_text()
    refused = "late results refused" in said
    print(f"\ninvariant 8: stopped at {where}: late settle refused {refused}, 0 duplicates")
    assert refused or "lease over before sending" in said


@pytest.mark.parametrize(("prepare", "wins"), [("", "second"), (UNFENCED, "stale")])
def test_it_is_the_fence_that_refuses(product, prepare, wins):
    """With its negative control: unfenced, the late word of the stale worker counts."""
    brand = brand_with_rooms(product, f"fence-{wins}", ROOMS)
    confirm_broadcast(product, brand)
    pessimist = PESSIMIST + prepare
    stale = stalled_worker(product, brand, "broadcasts.after_send", pessimist)
    second = start(product, "second", brand, prepare, FAULT_POINTS="broadcasts.after_send=stop@1")
    wait_until(lambda: is_stopped(second), seconds=20)
    wake(stale)
    wake(second)
    # Overwritten, and then in doubt, since the second one knows better but comes too late.
    right, wrong = ("sent", 2, ""), ("unknown", 2, "no_line")
    assert rows_of(product, brand) == {right if wins == "second" else wrong}
