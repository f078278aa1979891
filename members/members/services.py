"""Writes of a member as a person or a program sees one: with the brand's own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from members.custom_fields import services as custom_fields
from members.profiles import services as profiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


@transaction.atomic
def register_member(
    *, values: Mapping[str, Any], custom: Mapping[str, Any], actor: Viewer, now: datetime
) -> Member:
    """Take in a member by hand; ``custom`` are values of the brand's own fields by their keys.

    Raises:
        InvalidInput: see ``profiles.services.register_member`` and ``custom_fields.services``.
    """
    custom_fields.check_values(values=custom, brand_id=actor.brand_id, is_new=True)
    member = profiles.register_member(values=values, actor=actor, now=now)
    return _with_custom(member, custom, actor, now)


@transaction.atomic
def change_member(
    *,
    member: Member,
    changes: Mapping[str, Any],
    custom: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> Member:
    """Change what is known about a member; fields that are not named stay as they are.

    Raises:
        InvalidInput: see ``register_member``.
        StaleVersion: ``version`` is given and somebody changed the member since.
    """
    held = profiles.change_member(
        member=member, changes=changes, actor=actor, now=now, version=version
    )
    return _with_custom(held, custom, actor, now)


def _with_custom(member: Member, custom: Mapping[str, Any], actor: Viewer, now: datetime) -> Member:
    if custom_fields.set_values(member_ids=[member.pk], values=custom, actor=actor, now=now):
        member.refresh_from_db(fields=["version", "updated_at"])
    return member
