from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
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
from core.kernel.batches import BatchOut, BatchViewSet, RowResult
from core.kernel.errors import InvalidInput
from events.points import rules, services
from events.points.models import Kind, Ledger, PointsBalance, PointsEntry, State
from members.profiles.models import Member

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MOST_ID = 2**63 - 1
READ_AND_EDIT = {"GET": Permission.POINTS_VIEW, "POST": Permission.POINTS_EDIT}
POSTED = [choice for choice in Kind.choices if choice[0] in rules.KINDS]
EARNED = {
    "customer_no": "C-1",
    "ledger": "points",
    "kind": "earn",
    "amount": 50,
    "source": "shop",
    "source_id": "order-4711",
    "reason": "双倍积分周",
    "expires_at": "2027-12-31T23:59:59+08:00",
}


def _number(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MOST_ID, help_text=help_text)


class PointsEntryOut(ModelSerializer):
    """``reverses`` is the entry that a reversal takes back, or the earning that expired."""

    reverses = serializers.IntegerField(source="reverses_id", allow_null=True, read_only=True)

    class Meta:
        model = PointsEntry
        fields = [
            *("id", "member", "ledger", "kind", "amount", "state", "source", "source_id"),
            *("reason", "occurred_at", "expires_at", "settled_at", "reverses", "created_at"),
            "created_by_label",
        ]


class PointsEntryIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    ledger = serializers.ChoiceField(choices=Ledger.choices)
    kind = serializers.ChoiceField(choices=POSTED)
    amount = serializers.IntegerField(
        min_value=-rules.MOST_AMOUNT,
        max_value=rules.MOST_AMOUNT,
        help_text="Above 0 for what is earned, below 0 for what is spent; an adjustment is either.",
    )
    source = serializers.CharField(  # type: ignore[assignment]  # ours, not the serializer's own
        max_length=40, help_text="The system that tells it, in small letters, such as `shop`."
    )
    source_id = serializers.CharField(
        max_length=100, help_text="Its number there. Sent again, it moves nothing."
    )
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
    occurred_at = MomentField(required=False, help_text="Now, where it is left out.")
    expires_at = MomentField(required=False, allow_null=True, default=None)
    pending = serializers.BooleanField(
        default=False, help_text="An earning that counts once it is confirmed."
    )


class ReversalIn(Serializer):
    reason = serializers.CharField(max_length=200)
    amount = serializers.IntegerField(
        min_value=1,
        max_value=rules.MOST_AMOUNT,
        required=False,
        help_text="How much of it, without sign; all that is left, where it is left out.",
    )


class EntryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Movements of points and contribution. They are never changed, only reversed by others."""

    queryset = PointsEntry.objects.all()
    serializer_class = PointsEntryOut
    inputs = {"create": PointsEntryIn, "reverse": ReversalIn}
    permissions = READ_AND_EDIT
    filters = {
        "member": Filter(_number("Id of the member."), "member_id", "Id of the member."),
        "ledger": Filter(serializers.ChoiceField(Ledger.choices), "ledger", "Which ledger."),
        "kind": Filter(serializers.ChoiceField(Kind.choices), "kind", "What happened."),
        "state": Filter(serializers.ChoiceField(State.choices), "state", "Whether it counts."),
        "source": Filter(serializers.CharField(max_length=40), "source", "Exactly this source."),
        "source_id": Filter(
            serializers.CharField(max_length=100), "source_id", "Exactly this number there."
        ),
    }
    orderings = ("-id",)

    def create(self, request: Request) -> Response:
        """Post a movement: 201, or 200 when it is recorded already."""
        values = self.parsed()
        if values["source"] in rules.RESERVED:
            text = str(rules.REASONS["reserved"]) % {"other": values["source"]}
            raise InvalidInput.on("/source", text, "reserved")
        posted = services.post(
            member=values.pop("member"),
            wanted=rules.Wanted(**values),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(posted.entry) if posted.is_new else self.rendered(posted.entry)

    @extend_schema(request=ReversalIn, responses={201: PointsEntryOut})
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, **_kwargs: Any) -> Response:
        """Take the entry back, in whole or in part, by a new entry, which is answered."""
        made = services.reverse(
            entry=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(made, HTTPStatus.CREATED)

    @extend_schema(request=None, responses={200: PointsEntryOut})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, **_kwargs: Any) -> Response:
        """Let a pending earning count from now on. Once more changes nothing."""
        return self._settled(confirmed=True)

    @extend_schema(request=None, responses={200: PointsEntryOut})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **_kwargs: Any) -> Response:
        """Let a pending earning never count. Once more changes nothing."""
        return self._settled(confirmed=False)

    def _settled(self, *, confirmed: bool) -> Response:
        entry = services.settle(
            entry=self.get_object(), confirmed=confirmed, actor=self.viewer, now=timezone.now()
        )
        return self.rendered(entry)


class BalanceOut(ModelSerializer):
    class Meta:
        model = PointsBalance
        fields = ["id", "member", "ledger", "balance", "pending", "earned", "spent", "expired"]


class BalanceViewSet(mixins.ListModelMixin, BrandViewSet):
    """What members have in each ledger. Who never had an entry has no row, and nothing.

    `pending` is earned but not confirmed; `earned` and `spent` are what is left of either after
    reversals; `expired` is what ran out.
    """

    queryset = PointsBalance.objects.all()
    serializer_class = BalanceOut
    permissions = READ_AND_EDIT
    filters = {
        "member": Filter(_number("Id of the member."), "member_id", "Id of the member."),
        "ledger": Filter(serializers.ChoiceField(Ledger.choices), "ledger", "Which ledger."),
    }
    orderings = ("-id", "id")


class EntryRow(Serializer):
    """One movement of the member named by `member` or `customer_no`."""

    member = serializers.IntegerField(required=False, help_text="Its number.")
    customer_no = serializers.CharField(required=False)
    ledger = serializers.ChoiceField(choices=Ledger.choices)
    kind = serializers.ChoiceField(choices=POSTED)
    amount = serializers.IntegerField(help_text="Above 0 for what is earned, below 0 for spent.")
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    source_id = serializers.CharField()
    reason = serializers.CharField(required=False)
    occurred_at = serializers.DateTimeField(required=False)
    expires_at = serializers.DateTimeField(required=False)
    pending = serializers.BooleanField(required=False)


class EntryBatchIn(Serializer):
    rows = EntryRow(many=True)


class EntryBatchViewSet(BatchViewSet):
    """Movements of many members in one call."""

    inputs = {"create": EntryBatchIn}
    permissions = {"POST": Permission.POINTS_EDIT}

    @extend_schema(
        responses={200: BatchOut},
        examples=[
            OpenApiExample("An earning", request_only=True, value={"rows": [EARNED]}),
            OpenApiExample(
                "Not enough",
                response_only=True,
                value={
                    "counts": {"created": 0, "updated": 0, "unchanged": 0, "refused": 1},
                    "results": [
                        {
                            "row": 1,
                            "outcome": "refused",
                            "id": None,
                            "errors": [
                                {
                                    "pointer": "/rows/0/amount",
                                    "code": "not_enough_points",
                                    "detail": "Not enough points: 20 are left",
                                }
                            ],
                            "warnings": [],
                        }
                    ],
                },
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        """Post up to 1,000 movements; each row is judged alone, in the order of the call.

        `id` is the entry's. A row whose `source` and `source_id` are recorded with the same
        content is `unchanged`, with other content `refused`.
        """
        found = services.post_batch(**self.taken(), actor=self.viewer, now=timezone.now())
        return self.answered(RowResult(row.outcome, row.id, row.told()) for row in found)
