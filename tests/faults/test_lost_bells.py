"""Invariant 5: what was committed is begun within seconds, though its bell was never rung."""

import os
import signal
import time

import pytest

from tests.faults.product import wait_until
from tests.faults.seeding import CONFIRM, brand_with_rooms, confirm_broadcast

pytestmark = pytest.mark.fault

ROOMS = 3
LOOK_FOR_DUPLICATES = """
from django.utils import timezone
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.duplicates.services import find_duplicates
with tenant({brand}):
    find_duplicates(actor=system_viewer({brand}), now=timezone.now())
"""
RUN, RUN_BEGUN = "core_run", "core_run WHERE done > 0"
BROADCAST, BROADCAST_BEGUN = "communities_delivery", "communities_roommessage"


def killed_before_its_bell(product, code, brand):
    """Let a process commit and die before it could ring; return when it died."""
    setup = f"import django; django.setup()\n{code.format(brand=brand)}"
    process = product.spawn("killed", "-c", setup, FAULT_POINTS="bells.before_ring=kill")
    assert process.wait(60) == -signal.SIGKILL
    return time.monotonic()


def test_a_process_killed_between_commit_and_bell_loses_nothing(product):
    """The worker and beat are those of production, and nobody else looks for work."""
    awake, brand = (brand_with_rooms(product, f"bells-{name}", ROOMS) for name in ("on", "lost"))

    def holds(rows, of=brand):
        return product.one(of, f"SELECT count(*) FROM {rows}") > 0

    product.start_workers(1)
    confirm_broadcast(product, awake)
    wait_until(lambda: product.settled(awake) == ROOMS, seconds=60)
    for code, committed, begun in (
        (LOOK_FOR_DUPLICATES, RUN, RUN_BEGUN),
        (CONFIRM, BROADCAST, BROADCAST_BEGUN),
    ):
        died = killed_before_its_bell(product, code, brand)
        assert holds(committed), "it died before it committed"
        wait_until(lambda rows=begun: holds(rows), seconds=10 - (time.monotonic() - died))
        print(f"\ninvariant 5: {begun} {time.monotonic() - died:.1f} s after its bell was lost")

    # The negative control: with beat standing still, a bell that is lost is lost.
    os.kill(product.running["beat"][0].pid, signal.SIGSTOP)
    killed_before_its_bell(product, LOOK_FOR_DUPLICATES, awake)
    time.sleep(2)
    assert holds(RUN, awake)
    assert not holds(RUN_BEGUN, awake)
