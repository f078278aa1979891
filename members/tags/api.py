from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, RunStarted
from core.kernel.batches import BatchOut, BatchViewSet, RowResult
from core.kernel.errors import NotFound
from members.tags import selectors, services, undoing
from members.tags.handing import limits_of
from members.tags.models import Tag, TagAct, TagChange, TagChangeBatch, TagGroup, TagLimits, TagRule
from members.tags.serializers import (
    GroupChange,
    GroupIn,
    GroupOut,
    MembersIn,
    MemberTagBatchIn,
    SegmentToTagIn,
    TagActOut,
    TagGiveIn,
    TagIn,
    TagLimitsIn,
    TagLimitsOut,
    TagMergeIn,
    TagOut,
    TagRemoveIn,
    TagRename,
    TagRuleIn,
    TagRuleOut,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

READ_AND_EDIT = {
    "GET": Permission.MEMBERS_VIEW,
    "POST": Permission.TAGS_EDIT,
    "PATCH": Permission.TAGS_EDIT,
    "PUT": Permission.TAGS_EDIT,
    "DELETE": Permission.TAGS_EDIT,
}


class TagGroupViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Tags that belong together; of an exclusive group a member has one at most."""

    queryset = TagGroup.objects.all()
    serializer_class = GroupOut
    inputs = {"create": GroupIn, "partial_update": GroupChange}
    permissions = READ_AND_EDIT
    orderings = ("id", "name")

    def create(self, request: Request) -> Response:
        """Add a group."""
        group = services.create_group(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(group)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a group."""
        group, changes = self.get_object(), self.parsed()
        group = services.change_group(
            group=group,
            version=changes.pop("version"),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(group)


class TagViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Facts that members can share. Who has one: ``/members/?tag=ID``."""

    queryset = Tag.objects.select_related("group")
    serializer_class = TagOut
    inputs = {
        "create": TagIn,
        "partial_update": TagRename,
        "give": TagGiveIn,
        "take": MembersIn,
        "clear": MembersIn,
        "give_segment": SegmentToTagIn,
        "merge": TagMergeIn,
        "remove": TagRemoveIn,
        "save_rule": TagRuleIn,
    }
    permissions = READ_AND_EDIT
    filters = {
        "group": Filter(serializers.IntegerField(min_value=1), "group_id", "Id of the group."),
        "name": Filter(serializers.CharField(max_length=40), "name", "Exactly this name."),
    }
    orderings = ("id", "name")

    def create(self, request: Request) -> Response:
        """Add a tag to a group."""
        tag = services.create_tag(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(tag)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Rename a tag."""
        tag, changes = self.get_object(), self.parsed()
        if "name" in changes:
            tag = services.rename_tag(tag=tag, **changes, actor=self.viewer, now=timezone.now())
        return self.rendered(tag)

    @action(detail=True, methods=["post"])
    def give(self, request: Request, **_kwargs: Any) -> Response:
        """Give the tag by hand; members the viewer does not see are left out."""
        number = services.tag_members(
            tag=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response({"changed": number})

    @action(detail=True, methods=["post"])
    def take(self, request: Request, **_kwargs: Any) -> Response:
        """Take the tag by hand; a rule does not give it back to these members."""
        number = services.untag_members(
            tag=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response({"changed": number})

    @action(detail=True, methods=["post"])
    def clear(self, request: Request, **_kwargs: Any) -> Response:
        """Leave it to the tag's rule again whether these members have it."""
        number = services.clear_members(
            tag=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response({"changed": number})

    @action(detail=True, methods=["post"], url_path="give-segment")
    def give_segment(self, request: Request, **_kwargs: Any) -> Response:
        """Give the tag to a segment, or take it, by the run that is answered."""
        run = services.tag_segment(
            tag=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response({"run": run.pk}, status=HTTPStatus.ACCEPTED)

    @action(detail=True, methods=["post"])
    def merge(self, request: Request, **_kwargs: Any) -> Response:
        """Merge the tag into another, by the run that is answered; this tag goes."""
        run = services.merge_tag(
            tag=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response({"run": run.pk}, status=HTTPStatus.ACCEPTED)

    @action(detail=True, methods=["post"])
    def remove(self, request: Request, **_kwargs: Any) -> Response:
        """Delete the tag, whose name is repeated; ``run`` takes it from members first."""
        tag = self.get_object()
        typed = self.parsed()["name"]
        run = services.delete_tag(tag=tag, typed=typed, actor=self.viewer, now=timezone.now())
        return Response({"run": run and run.pk}, status=HTTPStatus.ACCEPTED)

    @action(detail=True)
    def mentions(self, request: Request, **_kwargs: Any) -> Response:
        """Answer the segments and rules whose conditions ask for the tag."""
        found = selectors.mentions_of(tag=self.get_object())
        return Response({"results": [{"kind": m.kind, "id": m.pk, "name": m.name} for m in found]})

    @extend_schema(responses=TagRuleOut)
    @action(detail=True, methods=["get"])
    def rule(self, request: Request, **_kwargs: Any) -> Response:
        """Read the rule that gives the tag; 404 where it has none."""
        return Response(TagRuleOut(self._rule()).data)

    @extend_schema(request=TagRuleIn, responses=TagRuleOut)
    @rule.mapping.put
    def save_rule(self, request: Request, **_kwargs: Any) -> Response:
        """Make or change the rule, unless somebody did so meanwhile; applying it is another act."""
        rule = services.save_rule(
            tag=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response(TagRuleOut(rule).data)

    @extend_schema(responses={204: None})
    @rule.mapping.delete
    def delete_rule(self, request: Request, **_kwargs: Any) -> Response:
        """Delete the rule, if there is one; who has the tag keeps it."""
        services.delete_rule(tag=self.get_object(), actor=self.viewer, now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(request=None, responses={202: RunStarted})
    @action(detail=True, methods=["post"], url_path="rule/apply", url_name="apply-rule")
    def apply_rule(self, request: Request, **_kwargs: Any) -> Response:
        """Apply the rule now, by the run that is answered."""
        run = services.apply_rule(rule=self._rule(), actor=self.viewer, now=timezone.now())
        return Response({"run": run.pk}, status=HTTPStatus.ACCEPTED)

    def _rule(self) -> TagRule:
        rule = selectors.rule_of(tag=self.get_object())
        if rule is None:
            raise NotFound(_("The tag has no rule."))
        return rule


_NUMBER = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


def _of_tag(acts: QuerySet[TagAct], tag_id: int) -> QuerySet[TagAct]:
    return acts.filter(pk__in=TagChange.objects.filter(tag_id=tag_id).values("act_id"))


def _of_member(acts: QuerySet[TagAct], member_id: int) -> QuerySet[TagAct]:
    """Through the member's bucket, which an index finds."""
    near = TagChangeBatch.objects.filter(bucket=member_id // TagChangeBatch.SIZE)
    mine = near.filter(member_ids__contains=[member_id])
    return acts.filter(pk__in=mine.values("change__act_id"))


class TagActViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """What happened to tags, by act: an act touches one member or a million.

    Who does not see the whole brand sees their own acts.
    """

    queryset = TagAct.objects.prefetch_related("changes")
    serializer_class = TagActOut
    permissions = READ_AND_EDIT
    filters = {
        "tag": Filter(_NUMBER, _of_tag, "Id of the tag, also of one that is gone."),
        "member": Filter(_NUMBER, _of_member, "Id of a member whose tags it changed."),
        "source": Filter(serializers.ChoiceField(choices=TagAct.Source.choices), "source", "How."),
    }
    orderings = ("-id",)

    @action(detail=True, methods=["get"], url_path="undo-preview")
    def undo_preview(self, request: Request, **_kwargs: Any) -> Response:
        """Answer what undoing the act would do now, to how many members."""
        act, now = self.get_object(), timezone.now()
        reason = undoing.why_not(act=act, now=now)
        return Response({"refused": reason or None} | asdict(undoing.preview(act=act, now=now)))

    @action(detail=True, methods=["post"])
    def undo(self, request: Request, **_kwargs: Any) -> Response:
        """Undo the act; a large one by the run that is answered."""
        run = services.undo_act(act=self.get_object(), actor=self.viewer, now=timezone.now())
        return Response({"run": run and run.pk})


class TagLimitsViewSet(BrandViewSet):
    """How many tags the brand allows itself."""

    queryset = TagLimits.objects.all()
    serializer_class = TagLimitsOut
    inputs = {"partial_update": TagLimitsIn}
    permissions = READ_AND_EDIT

    def retrieve(self, request: Request, **_kwargs: Any) -> Response:
        """Answer the limits; the defaults where the brand has set none."""
        return self.rendered(limits_of(brand_id=self.viewer.brand_id))

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Set some of the limits."""
        changes = self.parsed()
        limits = services.change_limits(
            version=changes.pop("version"),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(limits)


class MemberTagBatchViewSet(BatchViewSet):
    """Tags of many members in one call."""

    inputs = {"create": MemberTagBatchIn}
    permissions = {"POST": Permission.TAGS_EDIT}

    @extend_schema(
        responses={200: BatchOut},
        examples=[
            OpenApiExample(
                "By number and by name",
                request_only=True,
                value={"rows": [{"customer_no": "C-1", "give": [12, "兴趣/露营"], "take": [7]}]},
            ),
            OpenApiExample(
                "One changed",
                response_only=True,
                value={
                    "counts": {"created": 0, "updated": 1, "unchanged": 0, "refused": 0},
                    "results": [
                        {"row": 1, "outcome": "updated", "id": 4711, "errors": [], "warnings": []}
                    ],
                },
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        """Give and take tags by hand for up to 1,000 members; each row is judged alone.

        It is one act in the history of tags and can be undone. In an exclusive group a tag takes
        the place of the others. `id` is the member's.
        """
        found = services.tag_rows(**self.taken(), actor=self.viewer, now=timezone.now())
        return self.answered(RowResult(row.outcome, row.id, row.told()) for row in found)
