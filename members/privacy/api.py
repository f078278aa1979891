from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action

from core.kernel.access import Permission
from core.kernel.api import (
    BrandViewSet,
    Filter,
    ModelSerializer,
    MomentField,
    Serializer,
    VisibleRelatedField,
)
from members.privacy import services
from members.privacy.models import Consent, ConsentText, Purpose
from members.privacy.services import LONGEST_BODY, LONGEST_EVIDENCE
from members.profiles.models import Member

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class ConsentOut(ModelSerializer):
    class Meta:
        model = Consent
        fields = [
            "id",
            "member",
            "purpose",
            "version",
            "given_at",
            "withdrawn_at",
            "evidence",
            "withdrawn_evidence",
        ]


class ConsentIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    evidence = serializers.CharField(max_length=LONGEST_EVIDENCE, help_text="Where it is kept.")
    version = serializers.CharField(
        max_length=16, required=False, help_text="Of the text; without it, the one in force."
    )


class WithdrawalIn(Serializer):
    evidence = serializers.CharField(max_length=LONGEST_EVIDENCE, help_text="Where it is kept.")


class ConsentTextOut(ModelSerializer):
    class Meta:
        model = ConsentText
        fields = [
            "id",
            "purpose",
            "version",
            "body",
            "effective_from",
            "needs_renewal",
            "created_by_label",
            "created_at",
        ]


class ConsentTextIn(Serializer):
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    version = serializers.CharField(max_length=16)
    body = serializers.CharField(max_length=LONGEST_BODY)
    effective_from = MomentField()
    needs_renewal = serializers.BooleanField(default=False)


class ConsentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """What members agreed to, by purpose and version of the text: the newest answer of each."""

    queryset = Consent.objects.all()
    serializer_class = ConsentOut
    inputs = {"create": ConsentIn, "withdraw": WithdrawalIn}
    permissions = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.MEMBERS_EDIT}
    filters = {
        "member": Filter(serializers.IntegerField(min_value=1), "member_id", "Id of the member."),
        "purpose": Filter(serializers.ChoiceField(Purpose.choices), "purpose", "For this purpose."),
    }

    def create(self, request: Request) -> Response:
        """Keep that a member agreed; an earlier answer is kept as a past one."""
        consent = services.give_consent(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(consent)

    @extend_schema(request=WithdrawalIn, responses=ConsentOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, **_kwargs: object) -> Response:
        """Keep that the member agrees no longer. It holds at once, also while one is sending."""
        held = self.get_object()
        consent = services.withdraw_consent(
            member=held.member,
            purpose=held.purpose,
            **self.parsed(),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(consent)


class ConsentTextViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Versions of what the brand asks members to agree to. None is ever changed."""

    queryset = ConsentText.objects.all()
    serializer_class = ConsentTextOut
    inputs = {"create": ConsentTextIn}
    permissions = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.PRIVACY_EDIT}
    filters = {
        "purpose": Filter(serializers.ChoiceField(Purpose.choices), "purpose", "For this purpose."),
    }

    def create(self, request: Request) -> Response:
        """Add the next version of a text."""
        text = services.add_text(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(text)
