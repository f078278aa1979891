"""Settings come from environment variables; a bad value stops the start and names itself.

Every reader returns a typed value or raises ``BadSetting`` whose text says which variable is
wrong, what was expected and what to write instead. Secrets are never echoed.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
AES_KEY_BYTES = 32
# Any, a name with or without its subdomains, an address, one of IPv6 in brackets.
HOST = re.compile(r"\*|(\*?\.)?[A-Za-z0-9_-][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]")


class BadSetting(ImproperlyConfigured):
    """An environment variable is missing or has a value the product cannot run with."""


def text(name: str, default: str | None = None) -> str:
    """Return the variable, or ``default``; without a default it must be set and not empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise BadSetting(f"{name} is not set. See .env.example for what it should hold.")
    return default


def flag(name: str, *, default: bool) -> bool:
    """Return true or false; accepts 1/0, true/false, yes/no, on/off."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    value = raw.strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise BadSetting(f"{name} must be true or false, not {raw!r}.")


def number(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number within ``low``..``high``, both included."""
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise BadSetting(f"{name} must be a whole number, not {raw!r}.") from None
    if not low <= value <= high:
        raise BadSetting(f"{name} must lie within {low} and {high}, not {value}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def hosts(name: str, default: str) -> list[str]:
    """Return names of hosts as Django compares them: no scheme, no port, no path."""
    found = words(name, default)
    for host in found:
        if not HOST.fullmatch(host):
            raise BadSetting(
                f"{name} must hold names of hosts such as community.example.com, without scheme "
                f"and port, not {host!r}."
            )
    return found


def origins(name: str) -> list[str]:
    """Return origins: scheme, host and, unless it is the usual one, port."""
    found = words(name)
    for origin in found:
        if not _is_origin(origin):
            raise BadSetting(
                f"{name} must hold origins such as https://community.example.com, not {origin!r}."
            )
    return found


def _is_origin(value: str) -> bool:
    try:
        url = urlsplit(value)
        host = url.netloc if url.port is None else url.netloc.rpartition(":")[0]
    except ValueError:
        return False
    is_bare = value == f"{url.scheme}://{url.netloc}"
    return is_bare and url.scheme in {"http", "https"} and bool(HOST.fullmatch(host))


def choice(name: str, default: str, *, among: set[str]) -> str:
    """Return one of a few words."""
    value = text(name, default)
    if value not in among:
        raise BadSetting(f"{name} must be one of {', '.join(sorted(among))}, not {value!r}.")
    return value


def key_bytes(name: str) -> bytes:
    """Return 32 bytes given as Base64."""
    return _decode_key(name, text(name))


def key_ring(name: str) -> dict[str, bytes]:
    """Return ``{key id: 32 bytes}`` from ``id:base64,id:base64``; the first one encrypts."""
    ring: dict[str, bytes] = {}
    for entry in words(name, text(name)):
        key_id, colon, encoded = entry.partition(":")
        if not colon or not key_id.isalnum() or len(key_id) > 8:
            raise BadSetting(
                f"{name} must look like k1:<base64>; ids are 1 to 8 letters or digits."
            )
        ring[key_id] = _decode_key(name, encoded)
    return ring


def _decode_key(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != AES_KEY_BYTES:
        raise BadSetting(f"{name} must hold {AES_KEY_BYTES} random bytes in Base64.")
    return key


def database(name: str) -> dict[str, Any]:
    """Return Django's settings for ``postgres://user:password@host:port/name?option=value``.

    A Unix socket goes into the query: ``postgres://user@/name?host=/run/postgresql``.
    """
    url = urlsplit(text(name))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise BadSetting(f"{name} must look like postgres://user:password@host:5432/database.")
    options = {key: values[-1] for key, values in parse_qs(url.query).items()}
    try:
        port = url.port
    except ValueError:
        raise BadSetting(f"{name} has a port that is not a number.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", url.hostname or ""),
        "PORT": options.pop("port", str(port or "")),
        "OPTIONS": options,
    }


def redis(name: str) -> str:
    """Return a Redis address: redis://, rediss:// or unix://."""
    value = text(name)
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        raise BadSetting(f"{name} must start with redis://, rediss:// or unix://.")
    return value


def redis_database(url: str, index: int) -> str:
    """Return ``url`` pointing at logical database ``index``, in redis-py's notation."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.netloc}{parts.path}?db={index}"
    return parts._replace(path=f"/{index}").geturl()


def broker(url: str, index: int) -> str:
    """Return ``url`` in kombu's notation, which spells sockets and databases its own way."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={index}"
    return redis_database(url, index)
