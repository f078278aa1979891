"""How fast one caller, and one brand, may ask. Counted in Redis, for all processes together.

The generic cell rate algorithm: of each limit one number is kept, the moment at which everything
taken so far would have been due at the steady rate. A minute's worth may come at once; after that
requests are let in at the rate, and Retry-After is exact. What is refused is not counted.
"""

from __future__ import annotations

import logging
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework import exceptions
from rest_framework.throttling import BaseThrottle

from core.kernel.outage import Outage

if TYPE_CHECKING:
    from rest_framework.request import Request

    from core.kernel.access import Viewer

logger = logging.getLogger(__name__)

PREFIX = "qunying:rate"
WINDOW_S = 60
TIMEOUT_S = 0.1

# While Redis does not answer everybody passes, and only one request in ten seconds waits for it.
silence = Outage(seconds=10)

# Asks for one turn of every limit, and takes it only if all of them have one. The clock is the
# server's: those of the web servers differ.
TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local window, due = tonumber(ARGV[1]), {}
local refused, wait = 0, 0
for i, key in ipairs(KEYS) do
    due[i] = math.max(tonumber(redis.call('GET', key) or now), now) + window / tonumber(ARGV[i + 1])
    if due[i] - now - window > wait then
        refused, wait = i, due[i] - now - window
    end
end
if wait > 0.000001 then
    return {refused, tostring(wait)}
end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, due[i], 'PX', math.ceil((due[i] - now) * 1000))
end
return {0, '0'}
"""


class Limit(NamedTuple):
    """So many requests a minute of one key, one person or one brand."""

    scope: str
    key: str
    per_minute: int


class TooManyRequests(exceptions.APIException):
    """A limit is used up; ``wait`` is how many seconds until there is a turn again."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_code = "too_many_requests"

    def __init__(self, limit: Limit, wait: float) -> None:
        """Say whose limit it is."""
        super().__init__(WORDS[limit.scope] % {"number": limit.per_minute})
        self.wait = wait


WORDS = {
    "key": _("This API key may send %(number)d requests a minute."),
    "staff": _("One person may send %(number)d requests a minute."),
    "brand": _("All programs and people of a brand may send %(number)d requests a minute."),
}


class ViewerThrottle(BaseThrottle):
    """Lets a caller through while it and its brand have a turn left, or nobody can say."""

    def allow_request(self, request: Request, _view: Any) -> bool:
        """Take a turn.

        Raises:
            TooManyRequests: naming the limit that is used up longest.
        """
        viewer: Viewer | None = request.auth  # type: ignore[assignment]
        if viewer is None or silence.is_on():
            return True
        limits = _limits_of(viewer)
        try:
            refused, wait = _script()(
                keys=[limit.key for limit in limits],
                args=[WINDOW_S, *(limit.per_minute for limit in limits)],
            )
        except redis.RedisError as error:
            silence.begin()
            logger.warning("requests are not counted, redis does not answer: %s", error)
            return True
        if refused:
            raise TooManyRequests(limits[refused - 1], float(wait))
        return True


def _limits_of(viewer: Viewer) -> list[Limit]:
    """Return the caller's own limit, where it has one, and that of its brand."""
    rates, brand = settings.API_RATES, f"{PREFIX}:{{{viewer.brand_id}}}"
    limits = [Limit("brand", f"{brand}:brand", rates["brand"])]
    for scope, pk in (("key", viewer.api_key_id), ("staff", viewer.staff_id)):
        if pk is not None:
            limits.append(Limit(scope, f"{brand}:{scope}:{pk}", rates[scope]))
    return limits


@cache
def _script() -> Any:
    """Return the script on this process's connections."""
    client = redis.Redis.from_url(
        settings.RATES_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return client.register_script(TAKE)
