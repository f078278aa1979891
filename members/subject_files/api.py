from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework import mixins, serializers

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer, VisibleRelatedField
from members.profiles.models import Member
from members.subject_files import services
from members.subject_files.models import SubjectFile

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class SubjectFileOut(ModelSerializer):
    class Meta:
        model = SubjectFile
        fields = [
            "id",
            "member",
            "is_whole",
            "run_id",
            "file_id",
            "requested_by_label",
            "created_at",
        ]


class SubjectFileIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    is_whole = serializers.BooleanField(
        default=False,
        help_text="Write phones, VINs and names elsewhere out; needs a permission of its own.",
    )


class SubjectFileViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Everything kept about one member as a zip of JSON and readable pages; it expires."""

    queryset = SubjectFile.objects.all()
    serializer_class = SubjectFileOut
    inputs = {"create": SubjectFileIn}
    permissions = {"GET": Permission.MEMBERS_DISCLOSE, "POST": Permission.MEMBERS_DISCLOSE}
    filters = {
        "member": Filter(
            serializers.IntegerField(min_value=1, max_value=2**63 - 1),
            "member_id",
            "Id of the member.",
        ),
    }

    def create(self, request: Request) -> Response:
        """Have the file written in the background; ``run_id`` tells how far it is."""
        made = services.ask_for_file(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(made)
