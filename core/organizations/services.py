"""Growing and renaming the tree. Codes never change: files and other systems refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.errors import InvalidInput
from core.kernel.scoping import require_same_brand
from core.organizations.models import Dealer, Region, Store

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.organizations.models import City

N = TypeVar("N", Region, Dealer, Store)


@transaction.atomic
def create_region(*, code: str, name: str, actor: Viewer, now: datetime) -> Region:
    """Add a region.

    Raises:
        InvalidInput: the code is taken.
    """
    region = Region(brand_id=actor.brand_id, code=code, name=name)
    _insert(region)
    audit.record(action="region.created", subject=region, actor=actor, now=now)
    return region


@transaction.atomic
def change_region(
    *,
    region: Region,
    changes: dict[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> Region:
    """Set ``name``.

    Raises:
        StaleVersion: somebody changed the region since ``version`` was read.
    """
    return _change(region, changes, version, actor=actor, now=now)


@transaction.atomic
def create_dealer(
    *, code: str, name: str, region: Region, city: City, actor: Viewer, now: datetime
) -> Dealer:
    """Add a dealer to a region.

    Raises:
        InvalidInput: the code is taken.
        CrossBrand: the region is another brand's.
    """
    dealer = Dealer(brand_id=actor.brand_id, code=code, name=name, region=region, city=city)
    require_same_brand(dealer, region)
    _insert(dealer)
    audit.record(action="dealer.created", subject=dealer, actor=actor, now=now)
    return dealer


@transaction.atomic
def change_dealer(
    *,
    dealer: Dealer,
    changes: dict[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> Dealer:
    """Set any of ``name``, ``region``, ``city`` and ``is_active``.

    Raises:
        CrossBrand: the region is another brand's.
        StaleVersion: somebody changed the dealer since ``version`` was read.
    """
    if "region" in changes:
        require_same_brand(dealer, changes["region"])
    return _change(dealer, changes, version, actor=actor, now=now)


@transaction.atomic
def create_store(
    *,
    code: str,
    name: str,
    dealer: Dealer,
    city: City,
    address: str = "",
    actor: Viewer,
    now: datetime,
) -> Store:
    """Add a store to a dealer.

    Raises:
        InvalidInput: the code is taken.
        CrossBrand: the dealer is another brand's.
    """
    store = Store(
        brand_id=actor.brand_id, code=code, name=name, dealer=dealer, city=city, address=address
    )
    require_same_brand(store, dealer)
    _insert(store)
    audit.record(action="store.created", subject=store, actor=actor, now=now)
    return store


@transaction.atomic
def change_store(
    *,
    store: Store,
    changes: dict[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> Store:
    """Set any of ``name``, ``city`` and ``address``.

    Raises:
        StaleVersion: somebody changed the store since ``version`` was read.
    """
    return _change(store, changes, version, actor=actor, now=now)


def _insert(node: Region | Dealer | Store) -> None:
    """Save a new node; the unique constraint decides who was first.

    Raises:
        InvalidInput: the code is taken.
    """
    try:
        with transaction.atomic():
            node.save(force_insert=True)
    except IntegrityError as error:
        if "one_per_code" not in str(error):
            raise
        raise InvalidInput.on("/code", _("This code is taken."), "taken") from error


def _change(
    node: N, changes: dict[str, Any], version: int | None, *, actor: Viewer, now: datetime
) -> N:
    """Write what differs, and say which fields; nothing different is nothing to tell."""
    held: N = type(node)._default_manager.select_for_update().get(pk=node.pk)
    held.require_version(version)
    changed: list[str] = sorted(
        name for name, value in changes.items() if getattr(held, name) != value
    )
    if not changed:
        return held
    for name in changed:
        setattr(held, name, changes[name])
    held.version += 1
    held.save(update_fields=[*changed, "version"])
    noun = held._meta.model_name
    audit.record(
        action=f"{noun}.changed", subject=held, actor=actor, now=now, data={"fields": changed}
    )
    return held
