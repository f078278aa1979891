from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.api import (
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    VisibleRelatedField,
)
from members.identities import services
from members.identities.models import Identity
from members.profiles.models import Member

if TYPE_CHECKING:
    from rest_framework.request import Request


class IdentityOut(ModelSerializer):
    """``value`` is its end alone. The whole one: `/members/{id}/reveal/` with `field=identity`."""

    value = serializers.SerializerMethodField("shown")

    class Meta:
        model = Identity
        fields = ["id", "member", "kind", "value", "created_at"]

    def shown(self, identity: Identity) -> str:
        """Return the name as it is shown on the console."""
        return formats.masked_tail(identity.value)


class IdentityIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    kind = serializers.ChoiceField(choices=Identity.Kind.choices)
    value = serializers.CharField(max_length=128)


class ReasonIn(Serializer):
    reason = serializers.CharField(max_length=200)


class IdentityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """By which names other systems know members. A name belongs to one member.

    Names go in whole and come out masked.
    """

    queryset: Any = Identity.objects.all()
    serializer_class = IdentityOut
    inputs = {"create": IdentityIn, "remove": ReasonIn}
    permissions = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.MEMBERS_EDIT}
    filters = {
        "member": Filter(serializers.IntegerField(min_value=1), "member_id", "Id of the member."),
        "kind": Filter(serializers.ChoiceField(Identity.Kind.choices), "kind", "Which system."),
        "value": Filter(serializers.CharField(max_length=128), "value", "Exactly this name."),
    }

    def create(self, request: Request) -> Response:
        """Add a name; what the member has already is answered as it is."""
        return self.created(
            services.add_identity(**self.parsed(), actor=self.viewer, now=timezone.now())
        )

    @action(detail=True, methods=["post"])
    def remove(self, request: Request, **_kwargs: Any) -> Response:
        """Remove a name, with the reason."""
        services.remove_identity(
            identity=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return Response(status=HTTPStatus.NO_CONTENT)
