"""Invariants 6 and 7: what an outage of Redis or PostgreSQL does to work under way."""

import os
import socket
import threading
import time

import pytest

from tests.faults.product import answers, wait_until
from tests.faults.seeding import brand_with_rooms, confirm_broadcast, tally

pytestmark = pytest.mark.fault

ROOMS = 1500
# Sixty in the target; less by default, since waiting proves nothing more.
OUTAGE_SECONDS = float(os.environ.get("FAULT_OUTAGE_SECONDS", "12"))
SLOWLY = "broadcasts.after_send=wait:0.3"


@pytest.fixture
def web(product):
    """The web server; gives the address of a page that reads the database."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    gunicorn = ["-m", "gunicorn", "-c", "config/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    product.spawn("web", *gunicorn, "config.wsgi:application", WEB_CONCURRENCY="1")
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/healthz") == 200, seconds=30)
    return address


class Readers:
    """Reads a page all the time and remembers what came back."""

    def __init__(self, url):
        self.url, self.statuses, self.seconds = url, [], []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)

    def read(self):
        while not self.stopped.is_set():
            started = time.monotonic()
            self.statuses.append(answers(self.url, seconds=10))
            self.seconds.append(time.monotonic() - started)
            self.stopped.wait(0.2)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        self.thread.join()


def start_job(product, code):
    brand = brand_with_rooms(product, code, ROOMS)
    product.start_workers(2, DELIVERY_LEASE_SECONDS="3", DELIVERY_BATCH="50", FAULT_POINTS=SLOWLY)
    confirm_broadcast(product, brand)
    wait_until(lambda: product.settled(brand) > ROOMS / 10, seconds=40)
    return brand


def test_redis_may_be_away(product, web):
    brand = start_job(product, "redis-away")
    product.stack.valkey.stop()
    went = time.monotonic()
    during = brand_with_rooms(product, "confirmed-meanwhile", 20)
    with Readers(f"{web}/sign-in/") as readers:
        confirm_broadcast(product, during)
        while time.monotonic() - went < OUTAGE_SECONDS:
            time.sleep(0.2)
    before = product.settled(brand)
    product.stack.valkey.start()
    back = time.monotonic()
    wait_until(lambda: product.settled(during) == 20, seconds=90)
    recovery = time.monotonic() - back
    wait_until(lambda: product.settled(brand) == ROOMS, seconds=180)
    found, meanwhile = tally(product, brand), tally(product, during)
    print(
        f"\ninvariant 6: Redis away {OUTAGE_SECONDS:.0f} s, {before} of {ROOMS} settled by then;"
        f" lost {found.left_out + meanwhile.left_out}, duplicates {found.duplicates}; work at it"
        f" again after {recovery:.1f} s; {len(readers.statuses)} reads meanwhile, slowest"
        f" {max(readers.seconds):.2f} s, all {set(readers.statuses)}"
    )
    assert (found.left_out, found.duplicates, found.not_sent) == (0, 0, 0)
    assert (meanwhile.left_out, meanwhile.duplicates, meanwhile.not_sent) == (0, 0, 0)
    assert product.breaches(brand) == product.breaches(during) == ""
    assert set(readers.statuses) == {200}
    assert recovery <= 60


def test_postgresql_may_be_stopped_at_once(product, web):
    brand = start_job(product, "postgres-away")
    worst = 0.0
    for _ in range(2):
        product.crash_database()
        worst = max(worst, wait_until(lambda: answers(f"{web}/healthz") == 200, seconds=30))
        halves = tally(product, brand)
        assert (halves.gaps, halves.broken, halves.duplicates) == (0, 0, 0)
        time.sleep(1)
    settled_then = product.settled(brand)
    wait_until(lambda: product.settled(brand) == ROOMS, seconds=180)
    found = tally(product, brand)
    print(
        f"\ninvariant 7: PostgreSQL stopped at once twice, {settled_then} of {ROOMS} settled by"
        f" then; half-states 0, lost {found.left_out}, duplicates {found.duplicates}; web back"
        f" after {worst:.1f} s unaided"
    )
    assert (found.left_out, found.duplicates, found.not_sent) == (0, 0, 0)
    assert product.breaches(brand) == ""
    assert worst <= 10
    assert all(process.poll() is None for process, _, _ in product.running.values())
