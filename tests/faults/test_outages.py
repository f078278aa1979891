"""Invariants 6 and 7: what an outage of Redis or PostgreSQL does to work under way."""

import os
import socket
import threading
import time
from urllib.request import Request, urlopen

import pytest
from django.conf import settings

from tests.faults.product import answers, wait_until
from tests.faults.seeding import brand_with_rooms, confirm_broadcast, tally

pytestmark = pytest.mark.fault

ROOMS = 1500
OUTAGE_SECONDS = float(os.environ.get("FAULT_OUTAGE_SECONDS", "60"))
SLOWLY = "broadcasts.after_send=wait:0.3"
# One worker needs 75 batches: longer than the 45 s it stays at one job without being rung for.
SLOWER = "broadcasts.after_send=wait:0.7"
READER = """
from django.conf import settings
from django.test import Client
from django.utils import timezone
from core.api_keys.services import create_api_key
from core.kernel.access import Permission, system_viewer
from core.kernel.scoping import tenant
from core.staff.models import RoleGrant, Staff
with tenant({brand}):
    staff = Staff.objects.create(brand_id={brand}, username="reader", display_name="读者")
    RoleGrant.objects.create(brand_id={brand}, staff=staff, role="hq_admin")
    _key, secret = create_api_key(name="Reader", permissions=[Permission.MEMBERS_VIEW],
        expires_at=None, actor=system_viewer({brand}), now=timezone.now())
client = Client()
client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
print(client.cookies[settings.SESSION_COOKIE_NAME].value, secret)
"""


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


def reads_of(product, brand, web):
    """What is read all day: the way in, a list by somebody signed in, the same by a program."""
    session, secret = product.run(READER.format(brand=brand)).split()[-2:]
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"}
    bearer = {"Authorization": f"Bearer {secret}"}
    return {
        "the way in": (f"{web}/sign-in/", {}, "password"),
        "a signed-in list": (f"{web}/members/", cookie, "车主 "),
        "a keyed list": (f"{web}/api/v1/members/", bearer, '"source":"demo"'),  # names are masked
    }


class Readers:
    """Read pages in turn, all the time, and remember what was wrong with them."""

    def __init__(self, reads):
        self.reads, self.faults, self.seconds = reads, {name: set() for name in reads}, []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)

    def read(self):
        while not self.stopped.is_set():
            for name, read in self.reads.items():
                started = time.monotonic()
                self.faults[name].add(fault_of(*read))
                self.seconds.append(time.monotonic() - started)
            self.stopped.wait(0.2)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        self.thread.join()


def fault_of(url, headers, words):
    """What keeps a page from being there itself, with these words on it; nothing when it is."""
    request = Request(url, headers=headers)  # noqa: S310  our own server's
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            page = answer.read().decode()
    except OSError as error:
        return str(error)
    if answer.url != url:
        return f"leads to {answer.url}"
    return "" if words in page else page[:300]


def start_job(product, code, *, workers, **variables):
    brand = brand_with_rooms(product, code, ROOMS)
    product.start_workers(workers, **variables)
    confirm_broadcast(product, brand)
    wait_until(lambda: product.settled(brand) > 0, seconds=40)
    return brand


def test_redis_may_be_away(product, web):
    brand = start_job(product, "redis-away", workers=1, DELIVERY_BATCH="20", FAULT_POINTS=SLOWER)
    product.stack.valkey.stop()
    went = time.monotonic()
    during = brand_with_rooms(product, "confirmed-meanwhile", 20)
    with Readers(reads_of(product, brand, web)) as readers:
        confirm_broadcast(product, during)
        time.sleep(max(0, OUTAGE_SECONDS - (time.monotonic() - went)))
    before = product.settled(brand)
    product.stack.valkey.start()
    back = time.monotonic()
    wait_until(lambda: product.settled(during) == 20, seconds=90)
    recovery = time.monotonic() - back
    wait_until(lambda: product.settled(brand) == ROOMS, seconds=180)
    found, meanwhile = tally(product, brand), tally(product, during)
    print(
        f"\ninvariant 6: Redis away {OUTAGE_SECONDS:.0f} s, {before} of {ROOMS} settled by then;"
        f" lost {found.left_out + meanwhile.left_out}, duplicates {found.duplicates}; all work at"
        f" it again after {recovery:.1f} s; {len(readers.seconds)} reads meanwhile, slowest"
        f" {max(readers.seconds):.2f} s"
    )
    assert before < ROOMS, "nothing was left to lose"
    assert (found.left_out, found.duplicates, found.not_sent) == (0, 0, 0)
    assert (meanwhile.left_out, meanwhile.duplicates, meanwhile.not_sent) == (0, 0, 0)
    assert product.breaches(brand) == product.breaches(during) == []
    assert readers.faults == {name: {""} for name in readers.reads}
    assert recovery <= 60


def test_postgresql_may_be_stopped_at_once(product, web):
    brand = start_job(
        product,
        "postgres-away",
        workers=2,
        # Rows in hand when it stops wait for the lease; how long is invariant 4's to measure.
        DELIVERY_LEASE_SECONDS="3",
        DELIVERY_BATCH="50",
        FAULT_POINTS=SLOWLY,
    )
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
    assert product.breaches(brand) == []
    assert worst <= 10
    assert all(process.poll() is None for process, _, _ in product.running.values())
