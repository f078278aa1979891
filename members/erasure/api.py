from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import (
    ApiViewSet,
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    VisibleRelatedField,
)
from core.kernel.errors import NotFound
from members.erasure import selectors, services
from members.erasure.forms import REASONS
from members.erasure.models import Erasure
from members.profiles.models import Member

if TYPE_CHECKING:
    from rest_framework.request import Request


class ErasureOut(ModelSerializer):
    class Meta:
        model = Erasure
        fields = [
            "id",
            "member_id",
            "state",
            "reason",
            "requested_by_label",
            "requested_at",
            "due_at",
            "rows_gone_at",
            "finished_at",
        ]


class ErasureIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    name = serializers.CharField(max_length=80, help_text="The member's name, to confirm.")
    reason = serializers.ChoiceField(REASONS)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class AreaOut(Serializer):
    key = serializers.CharField(help_text="The table, such as `order`.")
    label = serializers.CharField()  # type: ignore[assignment]  # the name of the answer's member
    goes = serializers.IntegerField(help_text="How many rows go.")
    stays = serializers.IntegerField(help_text="How many rows stay.")
    why = serializers.CharField(help_text="Why they stay; empty where none does.")


class GraceOut(Serializer):
    grace_days = serializers.IntegerField(help_text="How many days a deletion waits.")


class GraceIn(Serializer):
    grace_days = serializers.IntegerField()


class PreviewOut(Serializer):
    people = serializers.IntegerField(help_text="The member and who was merged into them.")
    grace_days = serializers.IntegerField(help_text="How long a deletion waits now.")
    areas = AreaOut(many=True)


class DeletionPreviewViewSet(ApiViewSet):
    """What a deletion would reach, table by table; nothing is changed."""

    serializer_class = PreviewOut
    permissions = {"GET": Permission.MEMBERS_ERASE}
    filter_backends = []

    @extend_schema(operation_id="members_deletion_preview")
    def retrieve(self, request: Request, member_id: int, **_kwargs: Any) -> Response:
        """Answer how many rows go and stay. Texts and files are searched by the deletion itself."""
        member = Member.objects.visible_to(self.viewer).filter(pk=member_id).first()
        if member is None:
            raise NotFound
        found = selectors.preview(member=member, now=timezone.now())
        days = selectors.grace_days(brand_id=member.brand_id)
        told = {"people": found.people, "grace_days": days, "areas": found.areas}
        return Response(PreviewOut(told).data)


class ErasureViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Deletions of members: asked for, waiting, done. What is done cannot be undone."""

    queryset = Erasure.objects.all()
    serializer_class = ErasureOut
    inputs = {"create": ErasureIn}
    permissions = {"GET": Permission.MEMBERS_ERASE, "POST": Permission.MEMBERS_ERASE}
    filters = {
        "member": Filter(
            serializers.IntegerField(min_value=1, max_value=2**63 - 1),
            "member_id",
            "Number of the member, also of one who is gone.",
        ),
        "state": Filter(serializers.ChoiceField(Erasure.State.choices), "state", "This state."),
    }

    def create(self, request: Request) -> Response:
        """Have a member deleted wherever anything is kept, once the days of grace are over."""
        values = self.parsed()
        made = services.request_erasure(
            member=values["member"],
            typed_name=values["name"],
            reason=values["reason"],
            note=values.get("note", ""),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(made)

    @action(detail=True, methods=["POST"])
    def withdraw(self, request: Request, **_kwargs: Any) -> Response:
        """Take a deletion back that has not begun."""
        erasure = services.withdraw(
            erasure=self.get_object(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(erasure)


class ErasurePolicyViewSet(ApiViewSet):
    """How long deletions of the brand wait, so that they can be taken back."""

    serializer_class = GraceOut
    inputs = {"partial_update": GraceIn}
    permissions = {"GET": Permission.MEMBERS_ERASE, "PATCH": Permission.MEMBERS_ERASE}
    filter_backends = []

    @extend_schema(operation_id="erasure_policy")
    def retrieve(self, request: Request, **_kwargs: Any) -> Response:
        """Answer the days of grace; the default where the brand has set none."""
        days = selectors.grace_days(brand_id=self.viewer.brand_id)
        return Response({"grace_days": days})

    @extend_schema(operation_id="erasure_policy_change")
    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Set the days of grace; deletions that wait already keep their time."""
        asked = self.parsed()
        if "grace_days" in asked:
            services.change_grace(days=asked["grace_days"], actor=self.viewer, now=timezone.now())
        return self.retrieve(request)
