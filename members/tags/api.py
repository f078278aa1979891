from __future__ import annotations

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
from members.tags import services
from members.tags.models import Tag, TagGroup
from members.tags.services import MOST_BY_HAND

if TYPE_CHECKING:
    from rest_framework.request import Request

READ_AND_EDIT = {
    "GET": Permission.MEMBERS_VIEW,
    "POST": Permission.TAGS_EDIT,
    "PATCH": Permission.TAGS_EDIT,
}


class GroupOut(ModelSerializer):
    class Meta:
        model = TagGroup
        fields = ["id", "name", "is_exclusive"]


class GroupIn(Serializer):
    name = serializers.CharField(max_length=40)
    is_exclusive = serializers.BooleanField(required=False, default=False)


class GroupChange(Serializer):
    name = serializers.CharField(max_length=40)
    is_exclusive = serializers.BooleanField()


class TagOut(ModelSerializer):
    class Meta:
        model = Tag
        fields = ["id", "group", "name", "member_count", "counted_at", "created_at"]

    def to_representation(self, instance: Tag) -> dict[str, Any]:
        """Keep the whole brand's count from those who see a part of it."""
        shown: dict[str, Any] = super().to_representation(instance)
        if not self.context["request"].auth.is_brand_wide:
            shown["member_count"] = shown["counted_at"] = None
        return shown


class TagIn(Serializer):
    group = VisibleRelatedField(queryset=TagGroup.objects.all())
    name = serializers.CharField(max_length=40)


class TagChange(Serializer):
    name = serializers.CharField(max_length=40)


class MembersIn(Serializer):
    member_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_BY_HAND,
    )


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
        group = services.change_group(
            group=self.get_object(), changes=self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(group)


class TagViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Facts that members can share. Who has one: ``/members/?tag=ID``."""

    queryset = Tag.objects.select_related("group")
    serializer_class = TagOut
    inputs = {
        "create": TagIn,
        "partial_update": TagChange,
        "give": MembersIn,
        "take": MembersIn,
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
        tag = self.get_object()
        if name := self.parsed().get("name"):
            tag = services.rename_tag(tag=tag, name=name, actor=self.viewer, now=timezone.now())
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
