from __future__ import annotations

from rest_framework import mixins, serializers

from core.audit import ports
from core.audit.models import AuditEntry
from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, MomentField


class AuditEntryOut(ModelSerializer):
    text = serializers.SerializerMethodField(help_text="The action in words.")

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "actor_id",
            "actor_label",
            "action",
            "text",
            "subject_type",
            "subject_id",
            "dealer_id",
            "data",
            "created_at",
        ]

    def get_text(self, entry: AuditEntry) -> str:
        """Return the action in the language of the request."""
        return ports.sentence_of(entry.action, entry.data)


class AuditViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """What happened, and who did it. Nothing here can be changed."""

    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntryOut
    permissions = {"GET": Permission.AUDIT_VIEW}
    filters = {
        "actor_id": Filter(serializers.IntegerField(min_value=1), "actor_id", "What they did."),
        "action": Filter(serializers.CharField(max_length=80), "action", "Exactly this action."),
        "subject_type": Filter(
            serializers.CharField(max_length=80), "subject_type", "About this kind of thing."
        ),
        "subject_id": Filter(
            serializers.IntegerField(min_value=1), "subject_id", "About this very one."
        ),
        "since": Filter(MomentField(), "created_at__gte", "From this time on."),
        "until": Filter(MomentField(), "created_at__lt", "Before this time."),
    }
    orderings = ("-id",)
