"""Two brands, two dealers in one of them, and one viewer of every role."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from core.api_keys.services import create_api_key
from core.kernel.access import Permission, Viewer, system_viewer
from core.kernel.scoping import tenant
from tests.factories.core import (
    BrandFactory,
    CityFactory,
    DealerFactory,
    RegionFactory,
    RoleGrantFactory,
    StaffFactory,
    StoreFactory,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Scope:
    """A place rows are made in. ``canary`` is a text that no row elsewhere holds.

    A sample puts the canary into every text that a page might show, and makes rows that belong
    to a person belong to ``staff``. Rows that belong to no dealer take ``brand_canary``; whom they
    are about may be members of the scope and of its ``neighbor``, the other dealer of the brand.
    """

    canary: str
    brand_canary: str
    brand: Any
    region: Any
    dealer: Any
    store: Any
    staff: Any
    neighbor: Scope | None = None

    @property
    def actor(self) -> Viewer:
        """The system, acting for this brand."""
        return system_viewer(self.brand.pk)

    @property
    def person(self) -> Viewer:
        """``staff`` as a viewer who may do everything, for rows that belong to their maker."""
        return replace(self.actor, staff_id=self.staff.pk, label=self.staff.display_name)


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks. ``is_brand_wide`` tells whether the other dealer's rows are theirs too."""

    role: str
    client: Client
    is_brand_wide: bool
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Send JSON to the API and a form to the console."""
        if method == "GET":
            response = self.client.get(url, headers=self.headers)
        elif method == "POST" and not url.startswith("/api/"):
            response = self.client.post(url, body or {}, headers=self.headers)
        else:
            response = self.client.generic(
                method,
                url,
                json.dumps(body or {}),
                content_type="application/json",
                headers=self.headers,
            )
        content = response.getvalue()  # A stream closes its file once it is read to the end.
        return Answer(response.status_code, content)


@dataclass(frozen=True)
class World:
    own: Scope
    other_dealer: Scope
    other_brand: Scope
    visitors: list[Visitor]

    @property
    def admin(self) -> Visitor:
        return self.visitors[0]

    @property
    def person(self) -> Visitor:
        """The visitor who is ``own.staff``."""
        return next(v for v in self.visitors if v.role == "dealer_manager")


def make_world() -> World:
    own = _make_scope("Ownish", BrandFactory())
    other_dealer = _make_scope("Neighbor", own.brand, is_neighbor=True)
    own = replace(own, neighbor=other_dealer)
    other_brand = _make_scope("Stranger", BrandFactory(name="Stranger brand"))
    scoped = {
        "region_manager": {"region": own.region},
        "dealer_manager": {"dealer": own.dealer},
        "dealer_staff": {"dealer": own.dealer},
    }
    visitors = [
        _visitor(role, own, **scoped.get(role, {}))
        for role in [
            "hq_admin",
            "hq_operator",
            "hq_reviewer",
            "analyst",
            "region_manager",
            "dealer_manager",
            "dealer_staff",
        ]
    ]
    return World(own, other_dealer, other_brand, [*visitors, _program(own)])


def _make_scope(canary: str, brand: Any, *, is_neighbor: bool = False) -> Scope:
    city = CityFactory()
    # The regions of a brand are known to all its staff; those of other brands to none.
    region = RegionFactory(brand=brand, name="Region" if is_neighbor else f"{canary} region")
    dealer = DealerFactory(brand=brand, region=region, name=f"{canary} dealer", city=city)
    return Scope(
        canary=canary,
        brand_canary="Ownish" if is_neighbor else canary,
        brand=brand,
        region=region,
        dealer=dealer,
        store=StoreFactory(brand=brand, dealer=dealer, name=f"{canary} store", city=city),
        staff=_person(canary, brand, role="dealer_manager", dealer=dealer),
    )


def _person(canary: str, brand: Any, **grant: Any) -> Any:
    staff = StaffFactory(brand=brand, display_name=f"{canary} person")
    RoleGrantFactory(brand=brand, staff=staff, **grant)
    return staff


def _visitor(role: str, scope: Scope, **node: Any) -> Visitor:
    """The dealer manager is the scope's own person, so that rows of a person are found."""
    is_own = role == "dealer_manager"
    staff = scope.staff if is_own else _person("Ownish", scope.brand, role=role, **node)
    client = Client()
    client.force_login(staff, backend=BACKEND)
    return Visitor(role, client, is_brand_wide=not node)


def _program(scope: Scope) -> Visitor:
    with tenant(scope.brand.pk):
        _key, secret = create_api_key(
            name="Ownish program",
            permissions=list(Permission),
            expires_at=None,
            actor=scope.actor,
            now=timezone.now(),
        )
    bearer = {"Authorization": f"Bearer {secret}"}
    return Visitor("api_key", Client(), is_brand_wide=True, headers=bearer)


def fingerprint(brand: Any) -> dict[str, str]:
    """Return a hash of every table's rows of a brand, to prove that nothing was written."""
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute(_hashes_of_all_tables())
        return dict(cursor.fetchall())


@cache
def _hashes_of_all_tables() -> str:
    # People sign in before their brand is known, so no policy hides their table.
    own = " WHERE brand_id = current_setting('app.brand_id')::bigint"
    sources = dict.fromkeys(brand_tables(), "") | {"core_staff": own}
    return " UNION ALL ".join(
        f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f' FROM "{table}" AS t{condition}'
        for table, condition in sources.items()
    )


def rows_of_brand_tables() -> dict[str, int]:
    """Return how many rows of each table behind a policy can be seen just now."""
    counts = (f"SELECT '{table}', count(*) FROM \"{table}\"" for table in brand_tables())
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts))
        return dict(cursor.fetchall())


@cache
def brand_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class"
            " WHERE relrowsecurity AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        return sorted(table for (table,) in cursor.fetchall())
