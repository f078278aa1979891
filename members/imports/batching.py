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

from members.imports import member_upsert, order_upsert, reasons, selectors, staging
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
    from members.imports.preparing import Chunk
    from members.imports.staging import Outcome

MEMBER_TEXTS = (
    *("customer_no", "display_name", "phone", "gender", "city", "home_dealer", "stage"),
    *("joined_on", "app_user", "unionid"),
)
VEHICLE_TEXTS = ("customer_no", "phone", "vin", "model", "delivered_on")
ORDER_TEXTS = ("order_no", "customer_no", "phone", "ordered_at", "channel")
LARGEST = 2**31
HAS_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$").search
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
    mapping: Mapping[str, str] = field(
        default_factory=dict
    )  # an import's name of a field, if other

    def fields(self) -> dict[str, type]:
        """Return {field: what JSON brings for it}."""
        return dict.fromkeys(self.texts, str) | dict.fromkeys(self.numbers, int)


KINDS = {
    "members": Kind(MEMBER_TEXTS, ("version",)),
    "vehicles": Kind(VEHICLE_TEXTS),
    "orders": Kind(ORDER_TEXTS, ("amount_fen", "quantity"), {"amount": "amount_fen"}),
}


@dataclass(slots=True)
class Row:
    """What became of one row; ``number`` counts from one, as the rows of a file do."""

    number: int
    outcome: str = "refused"
    id: int | None = None
    problems: list[Problem] = field(default_factory=list)

    def told(self) -> list[tuple[str, str, str]]:
        """Return field, code and words of each problem."""
        return [
            (p.column, p.code, str(reasons.REASONS[p.code]) % {"other": p.other})
            for p in self.problems
        ]


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
    job = _job(kind, rows, is_domestic, actor)
    chunk, lost = _prepared(kind, job, rows, results)
    for number in lost:
        results[number - 1].problems.append(Problem(number, "customer_no", "no_key"))
    outcome = staging.bring_in(_upsert(kind, job, rows, actor, now).apply, chunk)
    _note(results, chunk, outcome, job)
    return results


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
    moment = asked.get("ordered_at") if kind == "orders" else None
    if isinstance(moment, str) and moment.strip() and not HAS_ZONE(moment.strip()):
        found.append(Problem(number, "ordered_at", "zone"))
    if kind == "vehicles" and asked.get("customer_no") and asked.get("phone"):
        found.append(Problem(number, "phone", "member_twice"))
    return found


def _job(kind: str, rows: Sequence[Mapping[str, Any]], is_domestic: bool, actor: Viewer) -> Job:
    """Return the rows as an import of a file whose columns have the fields' own names."""
    shape = KINDS[kind]
    named = {name for row in rows for name, value in row.items() if value is not None}
    always = {"order_no", "ordered_at", "amount_fen"} if kind == "orders" else set()
    always |= {"customer_no"} | ({"vin", "model", "delivered_on"} if kind == "vehicles" else set())
    headers = [n for n in shape.fields() if n in named | always and n != "version"]
    theirs = {column: name for name, column in shape.mapping.items()}
    mapping = {theirs.get(name, name): name for name in headers}
    return Job(
        brand_id=actor.brand_id,
        subject="orders" if kind == "orders" else "members",
        headers=headers,
        mapping=mapping,
        options=Options(is_domestic=is_domestic, money_unit=MoneyUnit.FEN),
        known=selectors.known_names(brand_id=actor.brand_id, mapping=mapping),
    )


def _prepared(
    kind: str, job: Job, rows: Sequence[Mapping[str, Any]], results: Sequence[Row]
) -> tuple[Chunk, list[int]]:
    """Return the well-shaped rows as a chunk, and the numbers of those that say nothing."""
    batch, lost = Batch(), []
    for row, asked in zip(results, rows, strict=True):
        if row.problems:
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
    kind: str, job: Job, rows: Sequence[Mapping[str, Any]], actor: Viewer, now: datetime
) -> member_upsert.Upsert | order_upsert.Upsert:
    look_up = LOOK_UP[kind]
    if kind == "orders":
        return order_upsert.Upsert(brand_id=job.brand_id, now=now, is_dry_run=False, each=look_up)
    versions = {
        number: max(-1, min(row["version"], LARGEST))  # Beyond, no row has it either.
        for number, row in enumerate(rows, 1)
        if type(row.get("version")) is int and kind == "members"
    }
    return member_upsert.Upsert(
        brand_id=job.brand_id,
        options=job.options,
        mapping=job.mapping,
        city=None,
        dealer=None,
        now=now,
        introduction_days=lifecycle.in_force(brand_id=job.brand_id).terms.introduction_days,
        actor=actor,
        run_id=None,
        is_dry_run=False,
        only_known=kind == "vehicles",
        versions=versions,
        each=look_up,
    )


def _note(results: Sequence[Row], chunk: Chunk, outcome: Outcome, job: Job) -> None:
    columns = {"version": "version", **job.mapping}
    refused = [
        Problem(n, columns.get(COLUMN_OF_CODE.get(code, ""), ""), code, "", other)
        for n, code, other in outcome.refused
    ]
    for problem in [*chunk.problems, *refused]:
        results[problem.row_number - 1].problems.append(problem)
    for number, what, id_ in outcome.each:
        row = results[number - 1]
        row.outcome, row.id = what, id_
