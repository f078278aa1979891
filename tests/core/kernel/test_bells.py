import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from core.kernel import bells

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(monkeypatch):
    """A broker that is there or not; remembers what was rung."""

    class Broker:
        is_down = False
        rung = []
        asked = 0

        def send_task(self, task, args, **_options):
            self.asked += 1
            if self.is_down:
                raise OperationalError("nobody there")
            self.rung.append((task, args))

    broker = Broker()
    broker.rung = []
    monkeypatch.setattr(bells, "current_app", broker)
    monkeypatch.setattr(bells, "_quiet_until", 0.0)
    return broker


def test_a_bell_rings_after_the_commit(broker):
    with transaction.atomic():
        bells.ring("task", 7)
        assert broker.rung == []
    assert broker.rung == [("task", (7,))]


def test_no_commit_no_bell(broker):
    with transaction.atomic():
        bells.ring("task", 7)
        transaction.set_rollback(True)
    assert broker.rung == []


def test_a_dead_broker_fails_nobody_and_is_left_alone_for_a_while(broker, monkeypatch):
    broker.is_down = True
    for _n in range(3):
        bells.ring("task", 7)
    assert broker.asked == 1
    broker.is_down = False
    monkeypatch.setattr(bells.time, "monotonic", lambda: bells._quiet_until)
    bells.ring("task", 7)
    assert broker.rung == [("task", (7,))]
