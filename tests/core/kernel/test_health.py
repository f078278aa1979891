import pytest
from django.db import OperationalError, connection

from launcher.valkey import Valkey

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis_down(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A Redis of our own, because the tests of other parts share theirs."""
    home = tmp_path_factory.mktemp("v")
    valkey = Valkey(home=home / "data", socket=home / "s", log=home / "log", durable=False)
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
def redis_up(settings, server):
    settings.REDIS_URL = server.url


def test_all_parts_answer(client, redis_up):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "redis": "ok"}
    assert response["Cache-Control"] == "no-store"


def test_redis_down_is_told_by_name(client, redis_down):
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": "ok", "redis": "unavailable"}


def test_database_down_is_told_by_name(client, redis_up, monkeypatch):
    def refuse():
        raise OperationalError("down")

    monkeypatch.setattr(connection, "cursor", refuse)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["database"] == "unavailable"


def test_nothing_is_written_by_asking(client):
    assert client.post("/healthz").status_code == 405
