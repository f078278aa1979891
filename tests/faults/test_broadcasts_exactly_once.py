"""Invariant 4: each room gets a broadcast exactly once, whatever is killed meanwhile."""

import os
import random
import time

import pytest

from tests.faults.product import wait_until
from tests.faults.seeding import brand_with_rooms, confirm_broadcast, tally

pytestmark = pytest.mark.fault

ROOMS = int(os.environ.get("FAULT_ROOMS", "10000"))
KILLS = 20
SEED = int(os.environ.get("FAULT_SEED", "20261121"))
# So that the job lasts, and a kill meets every window of it.
WINDOWS = "broadcasts.after_claim=wait:0.05,broadcasts.after_send=wait:0.1"


class Resumption:
    """How long the rows that a killed worker had in hand waited until another took them up.

    Another claim raises the fence. Whoever took them up may be killed as well, which is a wait of
    its own.
    """

    def __init__(self, product, brand):
        self.product, self.brand = product, brand
        self.waiting, self.worst = [], 0.0

    def rows(self, states):
        sql = "SELECT id, fence FROM communities_delivery WHERE state = ANY(%s)"
        return set(self.product.all(self.brand, sql, states))

    def killed(self):
        self.waiting.append((time.monotonic(), self.rows(["claimed"])))

    def look(self):
        opened = self.rows(["due", "claimed"])
        now = time.monotonic()
        for since, rows in self.waiting:
            if not rows & opened:
                self.worst = max(self.worst, now - since)
        self.waiting = [(since, rows) for since, rows in self.waiting if rows & opened]
        return not opened


def test_ten_thousand_rooms_under_fire(product):
    seed = random.Random(SEED)
    brand = brand_with_rooms(product, "exactly-once", ROOMS)
    # The lease is the product's own: how soon work is resumed hangs on it.
    product.start_workers(2, DELIVERY_BATCH="50", FAULT_POINTS=WINDOWS)
    broadcast = confirm_broadcast(product, brand)
    slot = ROOMS / (KILLS + 2)
    kills = [slot * (number + 0.5 + seed.random()) for number in range(KILLS)]
    crashes = [ROOMS * 0.35, ROOMS * 0.65]
    flushes = [ROOMS * 0.5]
    resumption, most_unknown, killed = Resumption(product, brand), 0, []
    started = time.monotonic()
    while True:
        product.restart_dead()
        states = product.states(brand)
        most_unknown = max(most_unknown, states.get("unknown", 0))
        done = ROOMS - states.get("due", 0) - states.get("claimed", 0)
        if kills and done >= kills[0]:
            kills.pop(0)
            resumption.killed()
            killed.append(product.kill_a_worker(seed))
        if crashes and done >= crashes[0]:
            crashes.pop(0)
            product.crash_database()
        if flushes and done >= flushes[0]:
            flushes.pop(0)
            product.flush_queue()
        if resumption.look():
            break
        assert time.monotonic() - started < 200, states
        time.sleep(0.1)
    took = time.monotonic() - started
    closed = wait_until(
        lambda: product.one(brand, "SELECT state FROM communities_broadcast") == "sent", seconds=75
    )
    found = tally(product, brand)
    print(
        f"\ninvariant 4: rooms {found.rooms}, kills {len(killed)} ({killed.count('worker')} whole"
        f" workers), database stops 2, queue flushes 1, {took:.0f} s; duplicates"
        f" {found.duplicates}, left out {found.left_out}, unknown at most {most_unknown}, in the"
        f" end {product.states(brand).get('unknown', 0)}; longest resumption"
        f" {resumption.worst:.1f} s with the product's own lease; closed after {closed:.1f} s more;"
        f" seed {SEED}, broadcast {broadcast}"
    )
    assert len(killed) == KILLS
    assert (found.rooms, found.duplicates, found.left_out) == (ROOMS, 0, 0)
    assert (found.not_sent, found.gaps, found.broken) == (0, 0, 0)
    assert product.breaches(brand) == []
    assert most_unknown <= ROOMS / 1000
    assert resumption.worst <= 30


NAIVE = """
from django.db import connection
from core.kernel.faults import point
from core.kernel.scoping import tenant
SEND = '''INSERT INTO communities_roommessage (brand_id, room_id, seq, sender, sender_label, body,
    link, created_at)
    SELECT d.brand_id, d.room_id, 1 + (SELECT count(*) FROM communities_roommessage AS m
        WHERE m.room_id = d.room_id), 'staff', '', 'x', '', now()
    FROM communities_delivery AS d WHERE d.id = ANY(%s)'''
MARK = "UPDATE communities_delivery SET state = 'sent', settled_at = now() WHERE id = ANY(%s)"
while True:
    with tenant({brand}), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM communities_delivery WHERE state = 'due' LIMIT 50")
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        break
    for act in ({order}):
        with tenant({brand}), connection.cursor() as cursor:
            cursor.execute(act, [ids])
        point("naive.between")
"""


@pytest.mark.parametrize(
    ("order", "breaks"), [("SEND, MARK", "duplicates"), ("MARK, SEND", "left_out")]
)
def test_acknowledging_without_claim_and_key_repeats_or_loses(product, order, breaks):
    """The negative control: the same kill, the same counting, and a queue of the usual kind."""
    brand = brand_with_rooms(product, f"naive-{breaks}", 300)
    confirm_broadcast(product, brand)
    naive = NAIVE.format(brand=brand, order=order)
    code = f"import django; django.setup()\n{naive}"
    for faults in ("naive.between=kill@3", ""):
        product.spawn("naive", "-c", code, FAULT_POINTS=faults).wait(60)
    assert getattr(tally(product, brand), breaks) == 50
    assert product.breaches(brand) != []
