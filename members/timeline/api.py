from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import ApiViewSet, BadRequest, Serializer
from core.kernel.errors import NotFound
from members.profiles.models import Member
from members.timeline import ports, rules, selectors

if TYPE_CHECKING:
    from rest_framework.request import Request

    from members.timeline.rules import Position

PARAMETERS = [
    OpenApiParameter("kinds", str, description="Only these kinds, separated by commas."),
    OpenApiParameter("before", str, description="Opaque; the `next` of the page before."),
    OpenApiParameter("limit", int, description="How many entries a page holds: 1 to 100, else 20."),
]


class EntryOut(Serializer):
    at = serializers.DateTimeField(help_text="When it happened.")
    is_day = serializers.BooleanField(help_text="Only the day is known.")
    kind = serializers.CharField(help_text="One of `kinds`.")
    key = serializers.IntegerField(help_text="With kind and time, this entry's own.")
    what = serializers.CharField(help_text="What happened, such as `order.placed`.")
    text = serializers.CharField(help_text="The same in words, in the language of the request.")
    detail = serializers.CharField(help_text="More words.")
    by = serializers.CharField(help_text="Who did it, where it was a person.")
    data = serializers.DictField(  # type: ignore[assignment]  # the name of the answer's member
        help_text="Ids and figures of the rows it is about."
    )


class TimelineOut(Serializer):
    kinds = serializers.ListField(
        child=serializers.CharField(), help_text="Every kind that you may see."
    )
    next = serializers.CharField(
        allow_null=True, help_text="Give it as `before` for what is older; null at the end."
    )
    results = EntryOut(many=True)


class TimelineViewSet(ApiViewSet):
    """Everything that happened to a member, the newest first."""

    serializer_class = TimelineOut
    permissions = {"GET": Permission.MEMBERS_VIEW}
    query_parameters = ("kinds", "before", "limit")
    filter_backends = []

    @extend_schema(operation_id="members_timeline", parameters=PARAMETERS)
    def retrieve(self, request: Request, member_id: int, **_kwargs: Any) -> Response:
        """Answer a page of a member's timeline; `next` leads to what is older."""
        member = Member.objects.visible_to(self.viewer).filter(pk=member_id).first()
        if member is None:
            raise NotFound
        kinds = list(ports.sources_for(self.viewer))
        page = selectors.page_of(
            member=member,
            viewer=self.viewer,
            kinds=_kinds(request.query_params.get("kinds"), kinds),
            before=_position(request.query_params.get("before")),
            limit=_limit(request.query_params.get("limit", str(selectors.PAGE))),
        )
        entries = [asdict(entry) for entry in page.entries]
        told = {"kinds": kinds, "next": page.older or None, "results": entries}
        return Response(TimelineOut(told).data)


def _kinds(text: str | None, known: list[str]) -> list[str]:
    if text is None:
        return []
    named = text.split(",")
    if set(named) <= set(known):
        return named
    detail = _("Name some of: %(names)s.") % {"names": ", ".join(known)}
    raise BadRequest(detail, "bad_parameter", parameter="kinds")


def _position(cursor: str | None) -> Position | None:
    try:
        return None if cursor is None else rules.position_of(cursor)
    except rules.BadCursor as error:
        raise BadRequest(_("This cursor is not ours."), "bad_cursor", parameter="before") from error


def _limit(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 5
    if is_number and 1 <= int(text) <= selectors.MOST_AT_ONCE:
        return int(text)
    detail = _("limit is a whole number from 1 to %(most)s.") % {"most": selectors.MOST_AT_ONCE}
    raise BadRequest(detail, "bad_limit", parameter="limit")
