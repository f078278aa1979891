"""Reads of fields and of what members have in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Q

from core.kernel.access import Permission
from core.kernel.sizes import COUNT_CAP, Size
from members.custom_fields import rules
from members.custom_fields.models import CustomChoice, CustomField, CustomValue
from members.custom_fields.rules import Choice, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.kernel.access import Viewer
    from members.custom_fields.rules import Value

KIND = CustomField.Kind
# Looks at so many values of each field that, of several choices too, enough members are seen.
COUNTED = """
SELECT asked.field_id, (
    SELECT count(*) FROM (
        SELECT DISTINCT seen.member_id FROM (
            SELECT value.member_id FROM members_customvalue AS value
            WHERE value.brand_id = %(brand)s AND value.field_id = asked.field_id
                AND value.{column} IS NOT NULL
            LIMIT asked.enough
        ) AS seen
    ) AS known
) FROM unnest(%({column}_fields)s::bigint[], %({column}_enough)s::bigint[])
    AS asked (field_id, enough)
"""
# Each kind of value has an index of its own, and each index the members.
COLUMNS: dict[str, str] = {
    KIND.TEXT: "text",
    KIND.NUMBER: "number",
    KIND.DATE: "day",
    KIND.CHOICE: "choice_id",
    KIND.CHOICES: "choice_id",
}
COUNTS = " UNION ALL ".join(COUNTED.format(column=name) for name in sorted({*COLUMNS.values()}))


def specs(*, brand_id: int, with_archived: bool = False) -> list[Spec]:
    """Return the brand's fields in their order, with their choices: two queries, or one."""
    rows = CustomField.objects.filter(brand_id=brand_id).order_by("position", "pk")
    if not with_archived:
        rows = rows.filter(archived_at=None)
    return specs_of(list(rows))


def specs_of_choices(*, brand_id: int) -> list[Spec]:
    """Return the brand's fields of choices that are in use, in their order."""
    rows = CustomField.objects.filter(
        brand_id=brand_id, archived_at=None, kind__in=[KIND.CHOICE, KIND.CHOICES]
    )
    return specs_of(list(rows.order_by("position", "pk")))


def specs_of(fields: Sequence[CustomField]) -> list[Spec]:
    """Return fields of one brand as plain values."""
    choices: dict[int, list[Choice]] = {}
    asking = [field.pk for field in fields if field.kind.startswith("choice")]
    if asking:
        rows = CustomChoice.objects.filter(brand_id=fields[0].brand_id, field_id__in=asking)
        for row in rows.order_by("position", "pk"):
            known = choices.setdefault(row.field_id, [])
            known.append(Choice(row.pk, row.label, row.is_archived))
    return [_spec(field, tuple(choices.get(field.pk, ()))) for field in fields]


def _spec(field: CustomField, choices: tuple[Choice, ...]) -> Spec:
    return Spec(
        pk=field.pk,
        key=field.key,
        label=field.label,
        kind=field.kind,
        help=field.help,
        is_required=field.is_required,
        is_personal=field.data_class == CustomField.DataClass.PERSONAL,
        is_archived=field.is_archived,
        max_length=field.max_length,
        low=field.low,
        high=field.high,
        decimals=field.decimals,
        choices=choices,
    )


def values_of(
    *, brand_id: int, member_ids: Sequence[int], fields: Iterable[Spec]
) -> dict[int, dict[str, Value]]:
    """Return what each member has in these fields, by key, in one query; none where nothing."""
    known = {spec.pk: spec for spec in fields}
    found: dict[int, dict[str, Value]] = {pk: {} for pk in member_ids}
    if not known or not found:
        return found
    rows = CustomValue.objects.filter(
        brand_id=brand_id, member_id__in=list(found), field_id__in=list(known)
    )
    columns = ("member_id", "field_id", "text", "number", "day", "choice_id")
    for member_id, field_id, text, number, day, choice_id in rows.values_list(*columns):
        mine, key = found[member_id], known[field_id].key
        if choice_id is not None:
            before = mine.get(key)
            mine[key] = (*(before if isinstance(before, tuple) else ()), choice_id)
        else:
            mine[key] = text if text is not None else number if number is not None else day
    return found


def sees_personal(viewer: Viewer) -> bool:
    """Whether the viewer sees personal values unmasked: who may edit members has to."""
    return viewer.may(Permission.MEMBERS_EDIT)


def told(*, spec: Spec, value: Value, is_masked: bool) -> str:
    """Return a value for people; of a personal field only that there is one, if masked."""
    if value is not None and is_masked and spec.is_personal:
        return rules.MASK
    return rules.shown(spec, value)


def json_of(
    *, brand_id: int, member_ids: Sequence[int], viewer: Viewer
) -> dict[int, dict[str, Any]]:
    """Return for each member every field in use by its key, null where nothing is known.

    Personal fields are left out where the viewer may not edit members.
    """
    known = specs(brand_id=brand_id)
    if not sees_personal(viewer):
        known = [spec for spec in known if not spec.is_personal]
    held = values_of(brand_id=brand_id, member_ids=member_ids, fields=known)
    return {
        pk: {spec.key: rules.as_json(spec, mine.get(spec.key)) for spec in known}
        for pk, mine in held.items()
    }


def counts(*, brand_id: int, most: int = COUNT_CAP) -> Mapping[int, Size]:
    """Return how many members have a value in each field, counting on to ``most`` in each."""
    rows = CustomField.objects.filter(brand_id=brand_id).order_by("pk")
    fields = rows.annotate(several=Count("choices", filter=Q(kind=KIND.CHOICES)))
    asked: dict[str, list[tuple[int, int]]] = {name: [] for name in COLUMNS.values()}
    for pk, kind, several in fields.values_list("pk", "kind", "several"):
        # Nobody has more rows than there are choices: these hold more than ``most`` members.
        asked[COLUMNS[kind]].append((pk, most * max(several, 1) + 1))
    params: dict[str, Any] = {"brand": brand_id}
    for column, pairs in asked.items():
        params[f"{column}_fields"] = [pk for pk, _enough in pairs]
        params[f"{column}_enough"] = [enough for _pk, enough in pairs]
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, params)
        return {pk: Size(min(n, most), is_capped=n > most) for pk, n in cursor.fetchall()}


def next_position(*, brand_id: int) -> int:
    """Return the place after the last field."""
    rows = CustomField.objects.filter(brand_id=brand_id).order_by("-position")
    last = rows.values_list("position", flat=True).first()
    return 0 if last is None else last + 1
