from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from core.organizations.models import City, Dealer
from core.runs.models import Run
from members.custom_fields import selectors as custom_fields
from members.imports.fields import CUSTOM, Field, own_field, plain
from members.imports.models import ImportJob, ImportProfile, Subject
from members.imports.preparing import Known
from members.imports.reasons import REASONS
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from members.custom_fields.rules import Spec

CITY_SUFFIXES = ("市", "地区", "盟", "自治州")


def known_names(*, brand_id: int, mapping: dict[str, str]) -> Known:
    """Return what cells of the mapped columns may refer to, by code and by name."""
    dealers = Dealer.objects.filter(brand_id=brand_id).values_list("pk", "code", "name")
    models = VehicleModel.objects.filter(brand_id=brand_id).values_list("pk", "code", "name")
    return Known(
        cities=_by_name(_cities()),
        dealers=_by_name((pk, names) for pk, *names in dealers),
        models=_by_name((pk, names) for pk, *names in models) if "model" in mapping else {},
        custom=_custom(brand_id, mapping),
    )


def _custom(brand_id: int, mapping: dict[str, str]) -> tuple[Spec, ...]:
    """Return the mapped ones of the brand's own fields; asks only where there are any."""
    if not any(name.startswith(CUSTOM) for name in mapping):
        return ()
    specs = custom_fields.specs(brand_id=brand_id)
    return tuple(spec for spec in specs if spec.name in mapping)


def own_fields(*, brand_id: int, subject: str) -> tuple[Field, ...]:
    """Return the fields that the brand declared itself, as far as rows of the subject have them."""
    if subject != Subject.MEMBERS:
        return ()
    return tuple(own_field(spec) for spec in custom_fields.specs(brand_id=brand_id))


def _cities() -> Iterable[tuple[str, list[str]]]:
    for code, name in City.objects.values_list("code", "name"):
        short = [name.removesuffix(suffix) for suffix in CITY_SUFFIXES if name.endswith(suffix)]
        yield code, [code, name, *short]


def _by_name(rows: Iterable[tuple[Any, list[str]]]) -> dict[str, Any]:
    """Return {name: id}; a name that several have leads to none of them."""
    found: dict[str, Any] = {}
    for key, names in rows:
        for name in {plain(name) for name in names}:
            found[name] = None if name in found else key
    return found


def dealer_of_code(*, brand_id: int, code: str) -> int | None:
    """Return the dealer's id; none for an empty code."""
    dealers = Dealer.objects.filter(brand_id=brand_id, code=code)
    return dealers.values_list("pk", flat=True).first() if code else None


def profiles_for(*, subject: str, headers: Iterable[str]) -> list[ImportProfile]:
    """Return the saved profiles whose columns the file has, the newest first."""
    names = set(headers)
    saved: QuerySet[ImportProfile] = ImportProfile.objects.filter(subject=subject)
    return [
        profile
        for profile in saved.order_by("-updated_at", "-pk")[:100]
        if set(profile.mapping.values()) <= names
    ]


def profile_of_name(*, subject: str, name: str) -> ImportProfile | None:
    """Return a saved mapping by its name."""
    return ImportProfile.objects.filter(subject=subject, name=name).first()


def narrowed(
    *, rows: QuerySet[ImportJob], subject: str = "", state: str = ""
) -> QuerySet[ImportJob]:
    """Return the imports of one subject, in one state as people call it."""
    if subject:
        rows = rows.filter(subject=subject)
    if state == "waiting":
        return rows.filter(Q(run=None) | Q(is_dry_run=True, run__state=Run.State.SUCCEEDED))
    if state == "open":
        return rows.filter(run__state__in=Run.OPEN_STATES)
    if state == "succeeded":
        return rows.filter(run__state=state, is_dry_run=False)
    if state == "failed":
        return rows.filter(run__state__in=[Run.State.FAILED, Run.State.CANCELLED])
    return rows


def first_rejections(*, job: ImportJob, limit: int) -> list[Any]:
    """Return the first rows that stayed out, in the order of the file."""
    return list(job.rejections.filter(is_taken=False).order_by("row_number")[:limit])


def first_warnings(*, job: ImportJob, limit: int) -> list[Any]:
    """Return the first rows that came in and should be looked at again."""
    if not job.warning_count:
        return []
    return list(job.rejections.filter(is_taken=True).order_by("row_number")[:limit])


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows stayed out for one reason in one column."""

    column: str
    text: str
    count: int


def rejections_by_reason(*, job: ImportJob) -> list[ReasonCount]:
    """Return how often each reason led, most first; nothing where every reason is single."""
    if job.rejected_count < 2:
        return []
    rows = (
        job.rejections.filter(is_taken=False).values("code", "column").annotate(count=Count("pk"))
    )
    found = [
        ReasonCount(row["column"], str(REASONS[row["code"]]) % {"other": "…"}, row["count"])
        for row in rows.order_by("-count", "code", "column")[:12]
    ]
    return found if len(found) < job.rejected_count else []
