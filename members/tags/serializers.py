"""What bodies about tags look like, both ways."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.kernel.api import (
    ModelSerializer,
    MomentField,
    Serializer,
    VersionField,
    VisibleRelatedField,
)
from members.segments.models import Segment
from members.tags.models import Tag, TagAct, TagChange, TagGroup, TagLimits, TagRule
from members.tags.services import MOST_BY_HAND


class GroupOut(ModelSerializer):
    class Meta:
        model = TagGroup
        fields = ["id", "name", "is_exclusive", "version"]


class GroupIn(Serializer):
    name = serializers.CharField(max_length=80)
    is_exclusive = serializers.BooleanField(required=False, default=False)


class GroupChange(Serializer):
    name = serializers.CharField(max_length=80)
    is_exclusive = serializers.BooleanField()
    version = VersionField()


class TagOut(ModelSerializer):
    class Meta:
        model = Tag
        fields = ["id", "group", "name", "member_count", "counted_at", "created_at", "version"]

    def to_representation(self, instance: Tag) -> dict[str, Any]:
        """Keep the whole brand's count from those who see a part of it."""
        shown: dict[str, Any] = super().to_representation(instance)
        if not self.context["request"].auth.is_brand_wide:
            shown["member_count"] = shown["counted_at"] = None
        return shown


class TagIn(Serializer):
    group = VisibleRelatedField(queryset=TagGroup.objects.all())
    name = serializers.CharField(max_length=80)


class TagRename(Serializer):
    name = serializers.CharField(max_length=80)
    version = VersionField()


class MembersIn(Serializer):
    member_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_BY_HAND,
    )


class TagGiveIn(MembersIn):
    expires_at = MomentField(required=False, allow_null=True, default=None)


class SegmentToTagIn(Serializer):
    segment = VisibleRelatedField(queryset=Segment.objects.all())
    act = serializers.ChoiceField(choices=["give", "take"])
    expires_at = MomentField(required=False, allow_null=True, default=None)


class TagMergeIn(Serializer):
    into = VisibleRelatedField(queryset=Tag.objects.select_related("group"))


class TagRemoveIn(Serializer):
    name = serializers.CharField(max_length=80)


class TagLimitsOut(ModelSerializer):
    class Meta:
        model = TagLimits
        fields = ["tags", "per_group", "per_member", "version"]


class TagLimitsIn(Serializer):
    tags = serializers.IntegerField()
    per_group = serializers.IntegerField()
    per_member = serializers.IntegerField()
    version = VersionField(min_value=0, help_text="The version you looked at; 0 are the defaults.")


class TagRuleOut(ModelSerializer):
    tag = serializers.IntegerField(source="tag_id")

    class Meta:
        model = TagRule
        fields = ["tag", "tree", "is_active", "applied_at", "version"]


class TagRuleIn(Serializer):
    tree = serializers.JSONField(help_text="Conditions, as those of a segment.")
    is_active = serializers.BooleanField(
        required=False, default=True, help_text="Whether it is applied every night."
    )
    version = VersionField(
        min_value=0, help_text="The version you looked at; 0 where the tag has no rule yet."
    )


class TagChangeOut(ModelSerializer):
    """``changed`` in an act of the source ``rule``: the rule was deleted, members keep the tag."""

    tag = serializers.IntegerField(source="tag_id")

    class Meta:
        model = TagChange
        fields = ["id", "tag", "tag_name", "kind", "people"]


class TagActOut(ModelSerializer):
    changes = TagChangeOut(many=True, read_only=True)
    undoes = serializers.IntegerField(source="undoes_id", read_only=True)
    run = serializers.IntegerField(source="run_id", read_only=True)

    class Meta:
        model = TagAct
        fields = [
            *("id", "at", "source", "author_label", "rule_version", "run", "undoes"),
            *("undone_at", "undone_by", "changes"),
        ]


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class TagNumberOrName(serializers.Field[Any, Any, Any, Any]):
    """A tag by its number, or by its group and name."""


class MemberTagRow(Serializer):
    """What one member, named by `member` or `customer_no`, gets and loses."""

    member = serializers.IntegerField(required=False, help_text="Its number.")
    customer_no = serializers.CharField(required=False)
    give = serializers.ListField(
        child=TagNumberOrName(),
        required=False,
        help_text='Tags by number or as `"group/name"`; a name alone where no other group has it.',
    )
    take = serializers.ListField(child=TagNumberOrName(), required=False)


class MemberTagBatchIn(Serializer):
    rows = MemberTagRow(many=True)
