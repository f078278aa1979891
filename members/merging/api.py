from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import (
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    VisibleRelatedField,
)
from members.merging import selectors, services
from members.merging.models import MemberMerge
from members.profiles.models import Member

if TYPE_CHECKING:
    from rest_framework.request import Request


class MergeOut(ModelSerializer):
    can_undo_until = serializers.SerializerMethodField()

    class Meta:
        model = MemberMerge
        fields = [
            *("id", "winner", "loser_id", "reason", "merged_at", "merged_by_label"),
            *("undone_at", "undone_by_label", "can_undo_until"),
        ]

    def get_can_undo_until(self, merge: MemberMerge) -> str | None:
        """Return until when it can be undone; null once it is."""
        if merge.undone_at is not None:
            return None
        return (merge.merged_at + services.UNDO_FOR).isoformat()


class BothIn(Serializer):
    winner = VisibleRelatedField(queryset=Member.objects.all())
    loser = VisibleRelatedField(queryset=Member.objects.all())


class MergeIn(BothIn):
    winner_version = serializers.IntegerField(min_value=1, required=False)
    loser_version = serializers.IntegerField(min_value=1, required=False)
    take = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=40, default=list
    )
    reason = serializers.CharField(
        max_length=services.MAX_REASON, allow_blank=True, required=False, default=""
    )


def _ids() -> serializers.ListField:
    number = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    return serializers.ListField(child=number, required=False, max_length=1000, default=list)


class SplitIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    display_name = serializers.CharField(max_length=200)
    identities = _ids()
    ownerships = _ids()
    orders = _ids()


class MergeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Members that became one. The loser's rows move to the winner; 30 days long they can go back.

    ``take`` names the facts that count as the loser has them, such as ``phone`` or ``stage``.
    """

    queryset: Any = MemberMerge.objects.all()
    serializer_class = MergeOut
    inputs = {"create": MergeIn, "preview": BothIn, "split": SplitIn}
    permissions = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.MEMBERS_EDIT}
    filters = {
        "winner": Filter(serializers.IntegerField(min_value=1), "winner_id", "Who stayed."),
        "loser": Filter(serializers.IntegerField(min_value=1), "loser_id", "Who was merged."),
    }

    def create(self, request: Request) -> Response:
        """Merge two members; with versions, only if nobody changed them meanwhile."""
        values = self.parsed()
        merge = services.merge_members(
            winner_id=values["winner"].pk,
            loser_id=values["loser"].pk,
            take=values["take"],
            reason=values["reason"],
            versions=(values.get("winner_version"), values.get("loser_version")),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(merge)

    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """Tell what a merge would do; writes nothing."""
        values = self.parsed()
        found = selectors.preview_of(
            winner_id=values["winner"].pk, loser_id=values["loser"].pk, viewer=self.viewer
        )
        facts = [
            {"fact": fact.key, "differs": fact.is_open, "outcome": fact.outcome}
            for fact in found.facts
        ]
        holdings = [
            {
                "table": each.table,
                "rows": each.number,
                "clashes": sum(number for _words, number in each.clashes),
            }
            for each in found.holdings
        ]
        return Response({"facts": facts, "holdings": holdings})

    @action(detail=False, methods=["post"])
    def split(self, request: Request) -> Response:
        """Take rows of a member, by their ids, out into a new member; answers the new one's id."""
        values = self.parsed()
        fresh = services.split_member(
            member_id=values.pop("member").pk,
            display_name=values.pop("display_name"),
            chosen=values,
            actor=self.viewer,
            now=timezone.now(),
        )
        return Response({"member": fresh.pk}, status=HTTPStatus.CREATED)

    @action(detail=True, methods=["post"])
    def undo(self, request: Request, **_kwargs: Any) -> Response:
        """Give everything back."""
        merge = services.undo_merge(merge=self.get_object(), actor=self.viewer, now=timezone.now())
        return self.rendered(merge)
