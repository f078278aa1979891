"""What must hold in the data, as SQL that finds the rows for which it does not.

Apps register their invariants in ``AppConfig.ready``; ``manage.py check_invariants`` runs them
over every brand.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from core.organizations.models import Brand

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Invariant:
    """A fact about the data of one brand.

    ``name`` says it as a sentence that is true, such as "no room holds more than its cap".
    ``sql`` returns the rows that break it and may use ``%(brand_id)s``; a literal per cent sign is
    doubled.
    """

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant looked at in one brand."""

    brand: str
    invariant: Invariant
    breaches: int
    examples: list[tuple[Any, ...]]
    seconds: float


_invariants: dict[str, Invariant] = {}


def register_invariants(*invariants: Invariant) -> None:
    """Announce invariants; called from ``AppConfig.ready``. Doing it twice is harmless."""
    _invariants.update({invariant.name: invariant for invariant in invariants})


def check_all(*, using: str) -> Iterator[Finding]:
    """Run every invariant in every brand, each in a read-only transaction of its own.

    A transaction each, so that a long check holds back neither vacuum nor migrations.
    """
    for brand in Brand.objects.using(using).order_by("pk"):
        for invariant in _invariants.values():
            yield check(invariant=invariant, brand=brand, using=using)


def check(*, invariant: Invariant, brand: Brand, using: str) -> Finding:
    """Run one invariant in one brand."""
    started = time.perf_counter()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('app.brand_id', %s, true)", [str(brand.pk)])
        cursor.execute(invariant.sql, {"brand_id": brand.pk})
        examples = cursor.fetchmany(EXAMPLES)
        breaches = max(cursor.rowcount, len(examples))
    return Finding(
        brand=brand.code,
        invariant=invariant,
        breaches=breaches,
        examples=list(examples),
        seconds=time.perf_counter() - started,
    )
