"""What segments can ask about communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from communities.communities.models import Community
from communities.policies.models import Kind
from members.segments.ports import (
    GROUP_COMMUNITIES,
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

MOST_OFFERED = 500


def kinds(_brand_id: int) -> Sequence[Option]:
    """Return the four kinds."""
    return [Option(value, label) for value, label in Kind.choices]


def communities(brand_id: int) -> Sequence[Option]:
    """Return the brand's communities in use, the newest first, under their kind."""
    rows = Community.objects.filter(brand_id=brand_id).exclude(state=Community.State.ARCHIVED)
    return [
        Option(row.pk, row.name, str(Kind(row.kind).label))
        for row in rows.order_by("-pk")[:MOST_OFFERED]
    ]


def _seats(column: str) -> Any:
    """Return the compiler of a condition on the community of a seat that is taken."""

    def compiled(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
        rows = frame.rows_of(
            "SELECT seat.member_id FROM communities_membership seat JOIN communities_community"
            " home ON home.brand_id = seat.brand_id AND home.id = seat.community_id",
            "seat.brand_id",
            "seat.member_id",
        )
        wanted = Sql(f" AND seat.left_at IS NULL AND home.{column} = ANY(%s)", (value["in"],))
        return Ids(rows + wanted, inverted=cmp == "not_in")

    return compiled


def _input(label: Any, options: Any) -> tuple[Input, ...]:
    return (Input("in", InputKind.CHOICES, label, options=options),)


def _criterion(field: str, label: Any, options: Any, column: str, order: int) -> Criterion:
    inputs = _input(label, options)
    return Criterion(
        field,
        label,
        GROUP_COMMUNITIES,
        (
            Comparison("in", _("has a seat in"), inputs),
            Comparison("not_in", _("has none in"), inputs),
        ),
        _seats(column),
        order=order,
    )


COMMUNITY_CRITERIA = (
    _criterion("community_kind", _("Kind of community"), kinds, "kind", 70),
    _criterion("community", _("Community"), communities, "id", 71),
)
