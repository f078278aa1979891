"""Conditions on the fields that a brand declared: one criterion each, made when it is asked for.

An archived field is offered no more; trees that name it go on working.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.custom_fields import rules, selectors
from members.segments.ports import (
    Comparison,
    Criterion,
    Frame,
    Ids,
    Input,
    InputKind,
    Option,
    Sql,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from members.custom_fields.rules import Spec

PREFIX = "custom."
GROUP = _("Custom fields")
FIRST = 60
SELECT = "SELECT v.member_id FROM members_customvalue v"
COLUMNS = {"text": "text", "number": "number", "date": "day"}
NUMERIC = {"gte": ">=", "lte": "<=", "eq": "="}
MOST_DAYS = 36_500
EXISTENCE = (Comparison("known", _("is known")), Comparison("unknown", _("is not known")))
DAYS = (Input("days", InputKind.NUMBER, _("days"), high=MOST_DAYS, unit=_("days"), default=90),)
# Whole calendar days in the brand's time zone, as everywhere in segments.
DATES = (
    Comparison("within", _("within the last"), DAYS),
    Comparison("before", _("longer ago than"), DAYS),
    Comparison("ahead", _("within the next"), DAYS),
    Comparison(
        "between",
        _("between"),
        (Input("from", InputKind.DATE, _("from")), Input("to", InputKind.DATE, _("to"))),
    ),
)


def criteria_of(brand_id: int) -> Sequence[Criterion]:
    """Return a criterion for every field of the brand, those of archived ones hidden."""
    fields = selectors.specs(brand_id=brand_id, with_archived=True)
    return [_criterion(spec, FIRST + n) for n, spec in enumerate(fields)]


def _criterion(spec: Spec, order: int) -> Criterion:
    return Criterion(
        spec.name,
        spec.label,
        GROUP,
        (*_comparisons(spec), *EXISTENCE),
        partial(_compile, spec),
        order=order,
        is_hidden=spec.is_archived,
    )


def _comparisons(spec: Spec) -> tuple[Comparison, ...]:
    if spec.kind == "text":
        value = (Input("text", InputKind.TEXT, _("text")),)
        words = {"eq": _("is"), "not_eq": _("is not"), "prefix": _("begins with")}
        return tuple(Comparison(key, label, value) for key, label in words.items())
    if spec.kind == "number":
        return _number_comparisons(spec)
    if spec.kind == "date":
        return DATES
    picked = (Input("in", InputKind.CHOICES, _("choices"), options=partial(_options, spec)),)
    if spec.kind == "choices":
        words = {"any": _("has any of"), "all": _("has all of"), "none": _("has none of")}
        return tuple(Comparison(key, label, picked) for key, label in words.items())
    words = {"in": _("is"), "not_in": _("is not")}
    return tuple(Comparison(key, label, picked) for key, label in words.items())


def _number_comparisons(spec: Spec) -> tuple[Comparison, ...]:
    kind = InputKind.DECIMAL if spec.decimals else InputKind.NUMBER

    def number(name: str, label: Any) -> Input:
        return Input(name, kind, label, low=-rules.MOST, high=rules.MOST, places=spec.decimals)

    one = (number("number", _("number")),)
    return (
        Comparison("gte", _("at least"), one),
        Comparison("lte", _("at most"), one),
        Comparison("eq", _("is"), one),
        Comparison("between", _("between"), (number("from", _("from")), number("to", _("to")))),
    )


def _options(spec: Spec, _brand_id: int) -> Sequence[Option]:
    """Return the choices, those archived at the end: somebody may have them still."""
    gone = [choice for choice in spec.choices if choice.is_archived]
    told = [Option(choice.pk, choice.label) for choice in spec.offered]
    archived = [Option(each.pk, _("%(name)s (archived)") % {"name": each.label}) for each in gone]
    return [*told, *archived]


def _compile(spec: Spec, frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    rows = frame.rows_of(SELECT, "v.brand_id", "v.member_id")
    rows += Sql(" AND v.field_id = %s", (spec.pk,))
    if spec.kind in ("choice", "choices"):
        return _chosen(rows, cmp, value)
    column = f"v.{COLUMNS[spec.kind]}"
    # Said again, since the index holds nothing else.
    rows += f" AND {column} IS NOT NULL"
    if cmp in ("known", "unknown"):
        return Ids(rows, inverted=cmp == "unknown")
    if spec.kind == "text":
        operator = "^@" if cmp == "prefix" else "="  # ^@ is leakproof, LIKE is not
        return Ids(rows + Sql(f" AND {column} {operator} %s", (value["text"],)), cmp == "not_eq")
    if spec.kind == "number":
        return Ids(rows + _in_range(column, cmp, value))
    return Ids(rows + _on_days(frame, column, cmp, value))


def _on_days(frame: Frame, column: str, cmp: str, value: Mapping[str, Any]) -> Sql:
    if cmp == "before":
        limit = frame.today - timedelta(days=value["days"])
        return Sql(f" AND {column} < %s", (limit,))
    if cmp == "between":
        bounds = (value["from"], value["to"])
    else:
        other = frame.today + timedelta(days=value["days"] * (1 if cmp == "ahead" else -1))
        bounds = (min(frame.today, other), max(frame.today, other))
    return Sql(f" AND {column} >= %s AND {column} <= %s", bounds)


def _chosen(rows: Sql, cmp: str, value: Mapping[str, Any]) -> Ids:
    if cmp in ("known", "unknown"):
        return Ids(rows + " AND v.choice_id IS NOT NULL", inverted=cmp == "unknown")
    rows += Sql(" AND v.choice_id = ANY(%s)", (value["in"],))
    if cmp == "all" and len(value["in"]) > 1:
        # One row for each choice, so counting rows counts choices.
        rows += Sql(" GROUP BY v.member_id HAVING count(*) = %s", (len(value["in"]),))
    return Ids(rows, inverted=cmp in ("not_in", "none"))


def _in_range(column: str, cmp: str, value: Mapping[str, Any]) -> Sql:
    if cmp == "between":
        bounds = (_scaled(value["from"]), _scaled(value["to"]))
        return Sql(f" AND {column} >= %s AND {column} <= %s", bounds)
    return Sql(f" AND {column} {NUMERIC[cmp]} %s", (_scaled(value["number"]),))


def _scaled(number: int | Decimal) -> int:
    return int(number * rules.SCALE)
