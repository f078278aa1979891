"""What must hold in the data, as SQL that finds the rows for which it does not.

Apps register their invariants in ``AppConfig.ready``; ``manage.py check_invariants`` runs them
over every brand, and so does beat every night.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connections, transaction
from psycopg2.errors import QueryCanceled

from core.audit import services as audit
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

logger = logging.getLogger(__name__)

EXAMPLES = 3
# By night nobody waits, but the database has other work as well.
STATEMENT_LIMIT = timedelta(minutes=2)
BRAND_LIMIT = timedelta(minutes=30)


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
    """One invariant looked at in one brand; without ``is_known`` it took too long to tell."""

    brand: str
    invariant: Invariant
    breaches: int
    examples: list[tuple[Any, ...]]
    seconds: float
    is_known: bool = True


_invariants: dict[str, Invariant] = {}


def register_invariants(*invariants: Invariant) -> None:
    """Announce invariants; called from ``AppConfig.ready``. Doing it twice is harmless."""
    _invariants.update({invariant.name: invariant for invariant in invariants})


def registered() -> list[Invariant]:
    """Return every invariant that was announced."""
    return list(_invariants.values())


def check_all(*, using: str) -> Iterator[Finding]:
    """Run every invariant in every brand, each in a read-only transaction of its own.

    A transaction each, so that a long check holds back neither vacuum nor migrations.
    """
    for brand in Brand.objects.using(using).order_by("pk"):
        for invariant in registered():
            yield check(invariant=invariant, brand=brand, using=using)


def check(
    *, invariant: Invariant, brand: Brand, using: str, limit: timedelta | None = None
) -> Finding:
    """Run one invariant in one brand; what takes longer than ``limit`` is cut off."""
    started = time.perf_counter()
    examples: list[tuple[Any, ...]] = []
    is_known, breaches = True, 0
    try:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            _confine(cursor, brand, limit)
            cursor.execute(invariant.sql, {"brand_id": brand.pk})
            examples = cursor.fetchmany(EXAMPLES)
            breaches = max(cursor.rowcount, len(examples))
            # Nothing was written; so the settings end here as well, inside another transaction.
            transaction.set_rollback(True, using=using)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        is_known = False
    return Finding(
        brand=brand.code,
        invariant=invariant,
        breaches=breaches,
        examples=examples,
        seconds=time.perf_counter() - started,
        is_known=is_known,
    )


def _confine(cursor: Any, brand: Brand, limit: timedelta | None) -> None:
    """Let the transaction see one brand, write nothing, and take no longer than it may."""
    cursor.execute(
        "SELECT set_config('app.brand_id', %s, true),"
        " set_config('transaction_read_only', 'on', true)",
        [str(brand.pk)],
    )
    if limit is not None:
        milliseconds = max(1, int(limit.total_seconds() * 1000))
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])


def check_by_night(*, brand: Brand, now: datetime) -> list[Finding]:
    """Run every invariant in one brand as the application's role, and leave word of the result.

    What is broken is an error in the log, what took too long a warning; the brand's audit trail
    keeps how many were looked at. Returns what was looked at.
    """
    ends = time.monotonic() + BRAND_LIMIT.total_seconds()
    findings = []
    for invariant in registered():
        left = timedelta(seconds=ends - time.monotonic())
        if left <= timedelta(0):
            break
        limit = min(left, STATEMENT_LIMIT)
        finding = check(invariant=invariant, brand=brand, using="default", limit=limit)
        _tell(finding)
        findings.append(finding)
    unknown = len(registered()) - sum(finding.is_known for finding in findings)
    broken = sum(bool(finding.breaches) for finding in findings)
    if unknown:
        logger.warning("brand %s: %s invariants could not be checked in time", brand.code, unknown)
    with tenant(brand.pk):
        audit.record(
            action="brand.checked",
            subject=brand,
            actor=system_viewer(brand.pk),
            now=now,
            data={"count": len(registered()), "broken": broken, "unknown": unknown},
        )
    return findings


def _tell(finding: Finding) -> None:
    """Name what is broken. Rows are for ``manage.py check_invariants`` to show, not for the log."""
    if finding.breaches:
        logger.error(
            "brand %s: broken in %s rows: %s",
            finding.brand,
            finding.breaches,
            finding.invariant.name,
        )
