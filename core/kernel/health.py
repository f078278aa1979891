"""What a supervisor asks before it sends people here."""

from __future__ import annotations

import logging
from http import HTTPStatus

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from core.kernel.scoping import opens_own_tenant

logger = logging.getLogger(__name__)

TIMEOUT_S = 2


@opens_own_tenant
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database and Redis answer us, else 503; each part by name."""
    parts = {"database": _database_answers(), "redis": _redis_answers()}
    well = all(parts.values())
    body = {"status": "ok" if well else "unavailable"}
    body |= {name: "ok" if answers else "unavailable" for name, answers in parts.items()}
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("health: the database does not answer: %s", error)
        return False
    return True


def _redis_answers() -> bool:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )
    try:
        client.ping()
    except redis.RedisError as error:
        logger.warning("health: redis does not answer: %s", error)
        return False
    finally:
        client.close()
    return True
