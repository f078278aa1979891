from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import mixins, serializers

from core.kernel.access import Permission
from core.kernel.api import ApiViewSet, Filter, ModelSerializer
from core.staff import selectors
from core.staff.models import Role, RoleGrant, Staff

if TYPE_CHECKING:
    from django.db.models import QuerySet


class RoleGrantOut(ModelSerializer):
    class Meta:
        model = RoleGrant
        fields = ["id", "role", "region", "dealer", "store"]


class StaffOut(ModelSerializer):
    grants = RoleGrantOut(many=True, read_only=True, source="shown_grants")
    seen_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Staff
        fields = [
            "id",
            "username",
            "display_name",
            "email",
            "language",
            "is_active",
            "created_at",
            "seen_at",
            "grants",
        ]


class StaffViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """People who work for the brand, with their roles. Read-only: access is given by people."""

    queryset = Staff.objects.all()
    serializer_class = StaffOut
    permissions = {"GET": Permission.STAFF_VIEW}
    filters = {
        "role": Filter(
            serializers.ChoiceField(choices=Role.choices),
            lambda rows, role: rows.filter(grants__role=role).distinct(),
            "Who holds this role anywhere.",
        ),
        "dealer": Filter(
            serializers.IntegerField(min_value=1),
            lambda rows, pk: rows.filter(grants__dealer=pk).distinct(),
            "Who holds a role at this dealer.",
        ),
        "is_active": Filter(serializers.BooleanField(), "is_active", "Whether they may sign in."),
    }
    orderings = ("display_name", "-id", "username")

    def get_queryset(self) -> QuerySet[Any]:
        """Return the people in sight."""
        return selectors.people(viewer=self.viewer, narrowed=selectors.StaffFilter())
