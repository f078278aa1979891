"""Conditions on tags."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.segments.ports import (
    GROUP_TAGS,
    Comparison,
    Criterion,
    Frame,
    Ids,
    Input,
    InputKind,
    Option,
    Sql,
)
from members.tags.models import MemberTag, Tag, TagGroup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SELECT = "SELECT t.member_id FROM members_membertag t"


def tags(brand_id: int) -> Sequence[Option]:
    """Return the brand's tags, under their groups."""
    rows = Tag.objects.filter(brand_id=brand_id).order_by("group_id", "pk")
    return [
        Option(pk, name, group) for pk, name, group in rows.values_list("pk", "name", "group__name")
    ]


def tag_groups(brand_id: int) -> Sequence[Option]:
    """Return the brand's groups of tags."""
    rows = TagGroup.objects.filter(brand_id=brand_id).order_by("pk")
    return [Option(pk, name) for pk, name in rows.values_list("pk", "name")]


def sources(_brand_id: int) -> Sequence[Option]:
    """Return by whose word a member may have a tag."""
    return [Option(value, label) for value, label in MemberTag.Source.choices]


def _narrowed(frame: Frame, sql: Sql, value: Mapping[str, Any]) -> Sql:
    if "source" in value:
        sql += Sql(" AND t.source = ANY(%s)", (value["source"],))
    if "days" in value:
        since = frame.start_of(frame.today - timedelta(days=value["days"]))
        sql += Sql(" AND t.tagged_at >= %s", (since,))
    if "since" in value:
        sql += Sql(" AND t.tagged_at >= %s", (frame.start_of(value["since"]),))
    return sql


def _tags(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    rows = frame.rows_of(SELECT, "t.brand_id", "t.member_id")
    rows += Sql(" AND t.tag_id = ANY(%s)", (value["in"],))
    rows = _narrowed(frame, rows, value)
    if cmp == "all" and len(value["in"]) > 1:
        # One row per pair, so counting rows counts tags.
        rows += Sql(" GROUP BY t.member_id HAVING count(*) = %s", (len(value["in"]),))
    return Ids(rows, inverted=cmp == "none")


def _groups(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    rows = frame.rows_of(SELECT, "t.brand_id", "t.member_id") + Sql(
        " AND t.tag_id IN (SELECT g.id FROM members_tag g"
        " WHERE g.brand_id = %s AND g.group_id = ANY(%s))",
        (frame.brand_id, value["in"]),
    )
    return Ids(_narrowed(frame, rows, value), inverted=cmp == "none")


_DETAILS = (
    Input("source", InputKind.CHOICES, _("source"), required=False, options=sources, advanced=True),
    Input(
        "days",
        InputKind.NUMBER,
        _("tagged within"),
        advanced=True,
        required=False,
        high=36_500,
        unit=_("days"),
    ),
    Input("since", InputKind.DATE, _("tagged since"), required=False, advanced=True),
)
_TAGS = (Input("in", InputKind.CHOICES, _("tags"), options=tags), *_DETAILS)
_GROUPS = (Input("in", InputKind.CHOICES, _("groups"), options=tag_groups), *_DETAILS)

TAG_CRITERIA = (
    Criterion(
        "tags",
        pgettext_lazy("noun", "Tag"),
        GROUP_TAGS,
        (
            Comparison("any", _("has any of"), _TAGS),
            Comparison("all", _("has all of"), _TAGS),
            Comparison("none", _("has none of"), _TAGS),
        ),
        _tags,
        order=1,
    ),
    Criterion(
        "tags.group",
        _("Tag group"),
        GROUP_TAGS,
        (
            Comparison("any", _("has a tag of"), _GROUPS),
            Comparison("none", _("has no tag of"), _GROUPS),
        ),
        _groups,
        order=2,
    ),
)
