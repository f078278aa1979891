from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.api_keys import selectors
from core.api_keys.models import ApiKey
from core.audit import services as audit
from core.kernel.errors import DomainError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.kernel.access import Permission, Viewer

MARK = "qy_"  # Lets secret scanners and people recognize a leaked key.
PREFIX_LENGTH = 12
SECRET_LENGTH = 43
_ALPHABET = string.ascii_letters + string.digits  # A double click selects all of it.


class KeyRevoked(DomainError):
    """The key has been revoked already."""

    code = "api_key_revoked"


@transaction.atomic
def create_api_key(
    *,
    name: str,
    permissions: Iterable[Permission],
    expires_at: datetime | None,
    actor: Viewer,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Return the key and its secret, which is nowhere kept and cannot be shown again.

    Raises:
        InvalidInput: no permission, one that the actor does not have, or an expiry in the past.
    """
    chosen = sorted(set(permissions))
    if not chosen:
        raise InvalidInput.on("/permissions", _("Choose at least one permission."))
    if any(not actor.may(permission) for permission in chosen):
        raise InvalidInput.on("/permissions", _("A key cannot do more than you may yourself."))
    if expires_at is not None and expires_at <= now:
        raise InvalidInput.on("/expires_on", _("Choose a day in the future."))
    secret = MARK + "".join(secrets.choice(_ALPHABET) for _i in range(SECRET_LENGTH))
    key = ApiKey.objects.create(
        brand_id=actor.brand_id,
        name=name,
        prefix=secret[:PREFIX_LENGTH],
        digest=_digest(secret),
        permissions=chosen,
        created_by_id=actor.staff_id,
        expires_at=expires_at,
    )
    audit.record(
        action="api_key.created",
        subject=key,
        actor=actor,
        now=now,
        data={"permissions": chosen, "expires_at": expires_at and expires_at.isoformat()},
    )
    return key, secret


@transaction.atomic
def revoke_api_key(*, key_id: int, actor: Viewer, now: datetime) -> ApiKey:
    """Shut a key out from its next request on.

    Raises:
        KeyRevoked: it was revoked before.
    """
    key = ApiKey.objects.select_for_update(no_key=True).get(pk=key_id, brand_id=actor.brand_id)
    if key.revoked_at is not None:
        raise KeyRevoked(_("This key has been revoked already."))
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    audit.record(action="api_key.revoked", subject=key, actor=actor, now=now)
    return key


def viewer_of_api_key(*, secret: str, now: datetime) -> Viewer | None:
    """Return what a program may see and do, or None for a key unknown, expired or revoked.

    The day of its last use is noted, once a day.
    """
    if not secret.startswith(MARK) or not (secret.isascii() and secret.isprintable()):
        return None
    key = ApiKey.objects.filter(prefix=secret[:PREFIX_LENGTH], revoked_at=None).first()
    if key is None or not hmac.compare_digest(bytes(key.digest), _digest(secret)):
        return None
    if key.expires_at is not None and key.expires_at <= now:
        return None
    if key.last_used_on != now.date():
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=now.date())
    return selectors.viewer_of(key)


def _digest(secret: str) -> bytes:
    # The secret has 250 random bits: a slow hash would protect nothing more.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
