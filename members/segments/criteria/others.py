"""Conditions on consent and on other segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.privacy.models import Consent
from members.segments.criteria.profiles import choices
from members.segments.criteria.shapes import choice_input
from members.segments.models import Segment
from members.segments.ports import (
    GROUP_OTHER,
    GROUP_PROFILE,
    Comparison,
    Criterion,
    Frame,
    Ids,
    Option,
    Sql,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SEGMENT_FIELD = "segment"


def segments(brand_id: int) -> Sequence[Option]:
    """Return the brand's segments in use."""
    rows = Segment.objects.filter(brand_id=brand_id, is_archived=False).order_by("name")
    return [Option(pk, name) for pk, name in rows.values_list("pk", "name")]


def _consent(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    rows = frame.rows_of(
        "SELECT c.member_id FROM members_consent c", "c.brand_id", "c.member_id"
    ) + Sql(" AND c.purpose = ANY(%s)", (value["in"],))
    state = "IS NOT NULL" if cmp == "withdrawn" else "IS NULL"
    return Ids(rows + f" AND c.withdrawn_at {state}", inverted=cmp == "not_given")


def _segment(_frame: Frame, _cmp: str, _value: Mapping[str, Any]) -> Ids:
    """Never reached: ``selectors.resolve`` puts the other segment's own tree in its place."""
    raise AssertionError("a reference to another segment was not resolved")


_PURPOSE = (choice_input(_("purpose"), choices(Consent.Purpose)),)
_SEGMENT = (choice_input(_("segment"), segments),)

OTHER_CRITERIA = (
    Criterion(
        "consent",
        _("Consent"),
        GROUP_PROFILE,
        (
            Comparison("given", _("was given for"), _PURPOSE),
            Comparison("withdrawn", _("was withdrawn for"), _PURPOSE),
            Comparison("not_given", _("is missing for"), _PURPOSE),
        ),
        _consent,
        order=22,
    ),
    Criterion(
        SEGMENT_FIELD,
        _("Segment"),
        GROUP_OTHER,
        (Comparison("in", _("is in"), _SEGMENT), Comparison("not_in", _("is not in"), _SEGMENT)),
        _segment,
        order=90,
    ),
)
