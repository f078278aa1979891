"""Rows of one REST call, brought in as those of a file are.

The same readers, the same statements and the same reasons, so that a row means the same whether it
comes in a file or in a call; only what became of it is told row by row. The number of queries does
not depend on the number of rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from members.custom_fields import rules as custom_rules
from members.custom_fields import selectors as custom_fields
from members.custom_fields.services import Refused, judged
from members.imports import (
    member_custom,
    member_upsert,
    order_upsert,
    reasons,
    selectors,
    staging,
)
from members.imports.handlers import COLUMN_OF_CODE
from members.imports.member_rows import MemberPreparer
from members.imports.options import MoneyUnit, Options
from members.imports.order_rows import OrderPreparer
from members.imports.preparing import Job
from members.imports.reading.ports import Batch
from members.imports.reasons import Problem
from members.lifecycle import selectors as lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.custom_fields.rules import Spec, Value
    from members.imports.preparing import Chunk
    from members.imports.staging import Outcome

MEMBER_TEXTS = (
    *("customer_no", "display_name", "phone", "gender", "city", "home_dealer", "stage"),
    *("joined_on", "last_active_at", "app_user", "unionid"),
)
VEHICLE_TEXTS = ("customer_no", "phone", "vin", "model", "delivered_on")
ORDER_TEXTS = ("order_no", "customer_no", "phone", "ordered_at", "channel", "category")
OWN = "custom"
LARGEST = 2**31
HAS_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$").search
# What says when something happened to the minute, and so has to say where the clock stands.
MOMENTS = {"members": "last_active_at", "orders": "ordered_at"}
LOOK_UP = {
    "members": staging.MEMBER_OF_ROW,
    "vehicles": """
        v.id FROM import_plan AS p
        JOIN members_vehicle AS v ON v.brand_id = %(brand)s AND v.vin_hash = p.vin_hash
        WHERE p.refusal IS NULL
    """,
    "orders": """
        o.id FROM import_plan AS p
        JOIN members_order AS o ON o.brand_id = %(brand)s AND o.order_no = p.order_no
        WHERE p.refusal IS NULL
    """,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What rows of a call are: their fields by JSON type, and what each is to an import."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(
        default_factory=dict
    )  # an import's name of a field, if other

    def fields(self) -> dict[str, type]:
        """Return {field: what JSON brings for it}."""
        named = ((self.texts, str), (self.numbers, int), (self.objects, dict))
        return {name: type_ for names, type_ in named for name in names}


KINDS = {
    "members": Kind(MEMBER_TEXTS, ("version",), ("custom",)),
    "vehicles": Kind(VEHICLE_TEXTS),
    "orders": Kind(ORDER_TEXTS, ("amount_fen", "quantity"), mapping={"amount": "amount_fen"}),
}


@dataclass(slots=True)
class Row:
    """What became of one row; ``number`` counts from one, as the rows of a file do.

    ``own`` are the values of the brand's own fields, and ``refused`` those that cannot be taken.
    """

    number: int
    outcome: str = "refused"
    id: int | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    own: Mapping[Spec, Value] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    @property
    def is_fit(self) -> bool:
        """Whether nothing speaks against the row so far."""
        return not self.problems and not self.refused

    def told(self) -> list[tuple[str | tuple[str, ...], str, str]]:
        """Return field, code and words of each problem; a field of the brand's own by its way."""
        words = ((p, str(reasons.REASONS[p.code]) % {"other": p.other}) for p in self.problems)
        found: list[tuple[str | tuple[str, ...], str, str]]
        found = [(problem.column, problem.code, text) for problem, text in words]
        return found + [((OWN, each.key), each.code, each.text) for each in self.refused]

    def warned(self) -> list[tuple[str, str, str]]:
        """Return field, code and words of what to look at again, if the row was taken."""
        if self.outcome == "refused":
            return []
        return [(p.column, p.code, str(reasons.WARNINGS[p.code])) for p in self.warnings]


def bring_in(
    *,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    is_domestic: bool,
    actor: Viewer,
    now: datetime,
) -> list[Row]:
    """Bring the rows in and return what became of each, in their order."""
    one_call_at_a_time(actor.brand_id)
    results = [Row(number) for number in range(1, len(rows) + 1)]
    for row, asked in zip(results, rows, strict=True):
        row.problems = list(_misshapen(kind, row.number, asked))
    job = _job(kind, rows, is_domestic, actor, now)
    known = custom_fields.specs(brand_id=actor.brand_id) if kind == "members" else []
    _judge_own(rows, results, known)
    chunk, lost = _prepared(kind, job, rows, results)
    for number in lost:
        results[number - 1].problems.append(Problem(number, "customer_no", "no_key"))
    for warning in chunk.warnings:
        results[warning.row_number - 1].warnings.append(warning)
    for row in results:
        chunk.custom += member_custom.lines_of(row.number, row.own)
    upsert = _upsert(kind, job, rows, known, actor, now)
    outcome = staging.bring_in(upsert.apply, chunk)
    _note(results, chunk, outcome, job, known)
    return results


def _judge_own(
    rows: Sequence[Mapping[str, Any]], results: Sequence[Row], known: Sequence[Spec]
) -> None:
    """Read what well-shaped rows say of the brand's own fields, as the entry of one member does."""
    by_key = {spec.key: spec for spec in known}
    for row, asked in zip(results, rows, strict=True):
        if not row.problems and asked.get(OWN):
            row.own, row.refused = judged(values=asked[OWN], known=by_key)


def one_call_at_a_time(brand_id: int) -> None:
    """Let the calls of a brand follow each other, so that no two wait for each other's rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('members batch', %s))", [brand_id]
        )


def _misshapen(kind: str, number: int, asked: Mapping[str, Any]) -> list[Problem]:
    types = KINDS[kind].fields()
    found = [Problem(number, name[:80], "unknown_field") for name in asked if name not in types]
    for name, type_ in types.items():
        value = asked.get(name)
        if value is not None and (type(value) is not type_):
            found.append(Problem(number, name, "wrong_type"))
    moment = asked.get(MOMENTS.get(kind, ""))
    if isinstance(moment, str) and moment.strip() and not HAS_ZONE(moment.strip()):
        found.append(Problem(number, MOMENTS[kind], "zone"))
    if kind == "vehicles" and asked.get("customer_no") and asked.get("phone"):
        found.append(Problem(number, "phone", "member_twice"))
    return found


def _job(
    kind: str, rows: Sequence[Mapping[str, Any]], is_domestic: bool, actor: Viewer, now: datetime
) -> Job:
    """Return the rows as an import of a file whose columns have the fields' own names."""
    shape = KINDS[kind]
    named = {name for row in rows for name, value in row.items() if value is not None}
    named -= {"version", OWN}
    always = {"order_no", "ordered_at", "amount_fen"} if kind == "orders" else set()
    always |= {"customer_no"} | ({"vin", "model", "delivered_on"} if kind == "vehicles" else set())
    headers = [name for name in shape.fields() if name in named | always]
    theirs = {column: name for name, column in shape.mapping.items()}
    mapping = {theirs.get(name, name): name for name in headers}
    return Job(
        brand_id=actor.brand_id,
        subject="orders" if kind == "orders" else "members",
        headers=headers,
        mapping=mapping,
        options=Options(is_domestic=is_domestic, money_unit=MoneyUnit.FEN),
        known=selectors.known_names(brand_id=actor.brand_id, mapping=mapping),
        today=timezone.localdate(now),
    )


def _prepared(
    kind: str, job: Job, rows: Sequence[Mapping[str, Any]], results: Sequence[Row]
) -> tuple[Chunk, list[int]]:
    """Return the well-shaped rows as a chunk, and the numbers of those that say nothing."""
    batch, lost = Batch(), []
    for row, asked in zip(results, rows, strict=True):
        if not row.is_fit:
            continue
        cells = [_cell(asked.get(name)) for name in job.headers]
        if any(cells):
            batch.numbers.append(row.number)
            batch.rows.append(cells)
        else:
            lost.append(row.number)
    if kind == "orders":
        return OrderPreparer(job).prepare(batch), lost
    keys = ("vin",) if kind == "vehicles" else tuple(job.mapping)
    return MemberPreparer(job, keys=keys).prepare(batch), lost


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _upsert(
    kind: str,
    job: Job,
    rows: Sequence[Mapping[str, Any]],
    known: Sequence[Spec],
    actor: Viewer,
    now: datetime,
) -> member_upsert.Upsert | order_upsert.Upsert:
    look_up = LOOK_UP[kind]
    if kind == "orders":
        return order_upsert.Upsert(brand_id=job.brand_id, now=now, is_dry_run=False, each=look_up)
    versions = {
        number: max(-1, min(row["version"], LARGEST))  # Beyond, no row has it either.
        for number, row in enumerate(rows, 1)
        if type(row.get("version")) is int and kind == "members"
    }
    named = {key for row in rows if isinstance(row.get(OWN), dict) for key in row[OWN]}
    own = {spec.name: spec.name for spec in known if spec.key in named}
    return member_upsert.Upsert(
        brand_id=job.brand_id,
        options=job.options,
        mapping=job.mapping | own,
        city=None,
        dealer=None,
        now=now,
        introduction_days=lifecycle.in_force(brand_id=job.brand_id).terms.introduction_days,
        actor=actor,
        run_id=None,
        is_dry_run=False,
        only_known=kind == "vehicles",
        versions=versions,
        needed=[spec for spec in known if spec.is_required],
        each=look_up,
    )


def _note(
    results: Sequence[Row], chunk: Chunk, outcome: Outcome, job: Job, known: Sequence[Spec]
) -> None:
    by_key = {spec.key: spec for spec in known}
    columns = {"version": "version", **job.mapping}
    refused = [
        Problem(n, columns.get(COLUMN_OF_CODE.get(code, ""), ""), code, "", other)
        for n, code, other in outcome.refused
        if code != member_custom.INCOMPLETE
    ]
    for number, code, key in outcome.refused:
        if code == member_custom.INCOMPLETE:
            text = custom_rules.told(by_key[key], "required")
            results[number - 1].refused.append(Refused(key, "required", text))
    for problem in [*chunk.problems, *refused]:
        results[problem.row_number - 1].problems.append(problem)
    for number, what, id_ in outcome.each:
        row = results[number - 1]
        row.outcome, row.id = what, id_
