"""Invariant 10, the kill: a server that dies mid-request leaves nothing, and the retry works."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from core.idempotency.models import IdempotencyKey
from core.kernel.scoping import tenant
from core.organizations.models import Region

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

REQUEST = """
import sys, django
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
Client(headers={"Authorization": "Bearer " + sys.argv[1]}).post(
    "/api/v1/regions/", sys.argv[2], content_type="application/json",
    headers={"Idempotency-Key": "order-1"},
)
"""
BODY = json.dumps({"code": "EAST", "name": "华东大区"})


def database_url():
    name = connection.settings_dict["NAME"]
    url, _, query = os.environ["DATABASE_URL"].partition("?")
    return f"{url.rpartition('/')[0]}/{name}?{query}"


def rows(model, brand):
    with tenant(brand.pk):
        return model.objects.count()


def test_killed_between_effect_and_commit(brand, api_key):
    env = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "FAULT_POINTS": "idempotency.before_commit=kill",
    }
    server = subprocess.run(
        [sys.executable, "-c", REQUEST, api_key, BODY], env=env, cwd=settings.BASE_DIR, check=False
    )
    assert server.returncode == -signal.SIGKILL
    killed_at = time.monotonic()
    assert rows(Region, brand) == rows(IdempotencyKey, brand) == 0

    client = Client(headers={"Authorization": f"Bearer {api_key}"})

    def retry():
        return client.post(
            "/api/v1/regions/",
            BODY,
            content_type="application/json",
            headers={"Idempotency-Key": "order-1"},
        )

    # PostgreSQL notices the dead connection, and lets go of its lock, within moments.
    while (answer := retry()).status_code == 409 and time.monotonic() - killed_at < 30:
        time.sleep(0.05)
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer
    assert retry()["Idempotency-Replayed"] == "true"
    assert rows(Region, brand) == rows(IdempotencyKey, brand) == 1
