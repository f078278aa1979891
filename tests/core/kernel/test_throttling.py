"""A caller that asks too fast waits; nobody else notices; a dead Redis stops nobody."""

import socket
import threading
import time
from uuid import uuid4

import pytest
import redis
from django.test import Client
from django.utils import timezone

from core.api_keys.services import create_api_key
from core.kernel import throttling
from core.kernel.access import Permission, system_viewer
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def rates(settings, monkeypatch):
    """Set limits, with counters of this test's own, on the Redis there is."""
    monkeypatch.setattr(throttling, "PREFIX", f"test:{uuid4()}")
    throttling.silence.end()

    def are(**per_minute):
        settings.API_RATES = {"key": 1000, "staff": 1000, "brand": 1000} | per_minute

    yield are
    throttling._script.cache_clear()
    throttling.silence.end()


@pytest.fixture
def counted(rates):
    """Skip where a developer runs these tests without Redis; script/test always has one."""
    try:
        throttling._script().registered_client.ping()
    except redis.RedisError:
        pytest.skip("no Redis at REDIS_URL")
    return rates


def program(brand):
    """A client with an API key of its own."""
    with tenant(brand.pk):
        _key, secret = create_api_key(
            name="Program",
            permissions=list(Permission),
            expires_at=None,
            actor=system_viewer(brand.pk),
            now=timezone.now(),
        )
    return Client(headers={"Authorization": f"Bearer {secret}"})


def person(brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="hq_admin")
    client = Client()
    client.force_login(staff, backend=BACKEND)
    return client


def statuses(client, count):
    return [client.get("/api/v1/regions/").status_code for _n in range(count)]


def test_a_key_that_asks_too_fast_is_told_when_to_come_back(counted, brand):
    counted(key=3)
    client = program(brand)
    assert statuses(client, 3) == [200] * 3
    refused = client.get("/api/v1/regions/", headers={"Accept-Language": "en"})
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert 19 <= int(refused["Retry-After"]) <= 21
    problem = refused.json()
    assert problem["code"] == "too_many_requests"
    assert problem["status"] == 429
    assert problem["detail"] == "This API key may send 3 requests a minute."


def test_others_are_not_affected(counted, brand):
    counted(key=2, staff=2)
    noisy = program(brand)
    assert statuses(noisy, 4) == [200, 200, 429, 429]
    assert statuses(program(brand), 2) == [200, 200]
    assert statuses(person(brand), 2) == [200, 200]
    assert statuses(program(BrandFactory()), 2) == [200, 200]


def test_each_person_has_a_limit_of_their_own(counted, brand):
    counted(staff=2)
    first, second = person(brand), person(brand)
    assert statuses(first, 3) == [200, 200, 429]
    assert statuses(second, 3) == [200, 200, 429]


def test_a_brand_cannot_get_round_its_limit_with_more_keys(counted, brand):
    counted(brand=4, key=3)
    assert statuses(program(brand), 3) == [200, 200, 200]
    assert statuses(program(brand), 2) == [200, 429]
    assert statuses(program(BrandFactory()), 2) == [200, 200]


def test_turns_come_back_at_the_steady_rate_and_refusals_cost_none(counted, brand, monkeypatch):
    monkeypatch.setattr(throttling, "WINDOW_S", 1)
    counted(key=4)
    client = program(brand)
    assert statuses(client, 4) == [200] * 4
    until = time.monotonic() + 5
    while statuses(client, 1) == [429]:
        assert time.monotonic() < until
    time.sleep(1.1)
    assert statuses(client, 4) == [200] * 4


def test_many_at_once_take_exactly_as_many_turns_as_there_are(counted):
    counted(key=50)
    allowed = []
    viewer = system_viewer(1)
    limits = [throttling.Limit("key", f"{throttling.PREFIX}:crowd", 50)]
    assert throttling._limits_of(viewer)[0].scope == "brand"
    script = throttling._script()

    def crowd():
        for _n in range(20):
            refused, _wait = script(keys=[limits[0].key], args=[60, 50])
            if not refused:
                allowed.append(1)

    threads = [threading.Thread(target=crowd) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 50


def test_whoever_is_unknown_is_refused_as_before(rates, client):
    rates(key=1, staff=1, brand=1)
    assert statuses(client, 3) == [401, 401, 401]


@pytest.mark.parametrize("is_mute", [False, True])
def test_a_redis_that_does_not_answer_stops_and_delays_nobody(rates, brand, settings, is_mute):
    rates(key=1)
    client = program(brand)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if is_mute:
            listener.listen(16)
        settings.RATES_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/1"
        throttling._script.cache_clear()
        viewer = throttling.ViewerThrottle()
        request = type("Asked", (), {"auth": system_viewer(brand.pk)})
        started = time.monotonic()
        assert viewer.allow_request(request, None)
        first = time.monotonic() - started
        assert first < 0.5
        assert throttling.silence.is_on()
        started = time.monotonic()
        assert all(viewer.allow_request(request, None) for _n in range(1000))
        assert time.monotonic() - started < 0.2
        assert statuses(client, 3) == [200] * 3
