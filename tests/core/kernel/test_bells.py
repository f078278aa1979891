"""With kombu's own in-memory broker, and with two that a request may meet on a bad day."""

import socket
import time
from queue import Empty

import pytest
from celery import current_app
from django.db import transaction

from core.kernel import bells

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 0.8  # connecting and one answer, on a busy machine


@pytest.fixture
def broker(monkeypatch):
    """Point the bells at an address; they forget it afterwards."""

    def at(address):
        monkeypatch.setenv("CELERY_BROKER_WRITE_URL", address)
        bells._producers.cache_clear()
        bells.silence.end()

    yield at
    bells._producers.cache_clear()
    bells.silence.end()


@pytest.fixture
def rung(broker):
    """Return what has been rung since the last look."""
    broker("memory://")

    def look():
        found = []
        with current_app.connection_for_write() as connection:
            queue = connection.SimpleQueue("celery")
            while True:
                try:
                    message = queue.get_nowait()
                except Empty:
                    return found
                message.ack()
                found.append((message.headers["task"], message.payload[0]))

    look()
    return look


@pytest.fixture
def closed():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def mute():
    """A port that accepts whoever comes and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_a_bell_rings_after_the_commit(rung):
    with transaction.atomic():
        bells.ring("task", 7)
        assert rung() == []
    assert rung() == [("task", [7])]


def test_no_commit_no_bell(rung):
    with transaction.atomic():
        bells.ring("task", 7)
        transaction.set_rollback(True)
    assert rung() == []


@pytest.mark.parametrize("kind", ["closed", "mute"])
def test_a_broker_that_does_not_answer_costs_one_caller_a_moment(broker, kind, request, caplog):
    broker(request.getfixturevalue(kind))
    started = time.monotonic()
    bells.ring("task", 7)
    first = time.monotonic() - started
    started = time.monotonic()
    for _n in range(50):
        bells.ring("task", 7)
    others = time.monotonic() - started
    assert first < PATIENCE_SECONDS
    assert others < 0.1  # Nobody else asks for a while.
    assert [record.getMessage() for record in caplog.records if "not rung" in record.message]


def test_a_broker_that_comes_back_is_rung_again(broker, closed, rung):
    broker(closed)
    bells.ring("task", 7)
    assert bells.silence.is_on()
    broker("memory://")
    bells.ring("task", 8)
    assert rung() == [("task", [8])]
