"""The embedded queue server."""

import pytest
import redis


@pytest.fixture
def client(fresh_stack):
    client = redis.Redis.from_url(fresh_stack.valkey.url)
    yield client
    client.close()


def test_a_full_memory_refuses_instead_of_forgetting(client):
    assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_every_parallel_test_process_has_databases_of_its_own(client):
    assert int(client.config_get("databases")["databases"]) >= 64


@pytest.mark.fault
def test_a_durable_queue_keeps_its_messages_over_a_restart(fresh_stack, client):
    valkey = fresh_stack.valkey
    valkey.stop()
    valkey.durable = True
    valkey.start()
    client.set("message", "kept")
    valkey.stop()
    valkey.start()
    assert client.get("message") == b"kept"
