from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import mixins, serializers

from core.kernel import crypto
from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, MomentField, Serializer
from core.kernel.errors import InvalidInput
from members.orders import services
from members.orders.models import Order
from members.orders.rules import LONGEST_CATEGORY
from members.profiles.models import Member, MergedMember
from members.profiles.rules import (
    NUMBER_LENGTH,
    NotANumber,
    NotAPhone,
    normalized_number,
    normalized_phone,
)

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

OWNERS = ("member", "customer_no", "phone")


class OrderOut(ModelSerializer):
    class Meta:
        model = Order
        fields = [
            *("id", "order_no", "member", "ordered_at", "amount_fen", "quantity", "channel"),
            "category",
        ]


class OrderIn(Serializer):
    order_no = serializers.CharField(max_length=NUMBER_LENGTH)
    member = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    customer_no = serializers.CharField(max_length=64, required=False)
    phone = serializers.CharField(max_length=40, required=False)
    ordered_at = MomentField()
    amount_fen = serializers.IntegerField(min_value=0, max_value=services.MAX_FEN)
    quantity = serializers.IntegerField(min_value=0, max_value=1_000_000, default=1)
    channel = serializers.CharField(max_length=20, allow_blank=True, default="")
    category = serializers.CharField(
        max_length=LONGEST_CATEGORY,
        allow_blank=True,
        default="",
        help_text="The brand's own word for what was bought: `精品`, `保养`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want exactly one way to the member."""
        if sum(name in attrs for name in OWNERS) != 1:
            detail = _("Name the member by exactly one of: member, customer_no, phone.")
            raise serializers.ValidationError({"member": [detail]})
        return attrs


class OrderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Purchases of members. Sending an order number again records nothing twice."""

    queryset = Order.objects.all()
    serializer_class = OrderOut
    inputs = {"create": OrderIn}
    permissions = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.MEMBERS_EDIT}
    filters = {
        "member": Filter(serializers.IntegerField(min_value=1), "member_id", "Id of the member."),
        "order_no": Filter(
            serializers.CharField(max_length=NUMBER_LENGTH),
            lambda orders, number: orders.filter(order_no=_number(number)),
            "Exactly this order.",
        ),
        "category": Filter(
            serializers.CharField(max_length=LONGEST_CATEGORY), "category", "Of this category."
        ),
        "since": Filter(MomentField(), "ordered_at__gte", "Ordered at or after this time."),
        "until": Filter(MomentField(), "ordered_at__lt", "Ordered before this time."),
    }
    orderings = ("-ordered_at", "-id")

    def create(self, request: Request) -> Response:
        """Record an order: 201, or 200 when it is recorded already."""
        values = self.parsed()
        member = self._member({name: values.pop(name) for name in OWNERS if name in values})
        order, is_new = services.record_order(
            purchase=services.Purchase(**values),
            member=member,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(order) if is_new else self.rendered(order, HTTPStatus.OK)

    def _member(self, named: dict[str, Any]) -> Member:
        [(name, value)] = named.items()
        members = Member.objects.visible_to(self.viewer)
        if name == "phone":
            try:
                phone = normalized_phone(value)
            except NotAPhone as error:
                raise InvalidInput.on("/phone", _("Not a phone number")) from error
            lookup: dict[str, Any] = {
                "phone_hash": crypto.lookup_hash(
                    brand_id=self.viewer.brand_id, kind="phone", value=phone
                )
            }
        else:
            lookup = {"pk": value} if name == "member" else {"customer_no": _number(value)}
        member = members.filter(**lookup).first()
        if member is None and name != "member":
            # The phone or number of somebody who was merged means who they are now.
            merged = MergedMember.objects.filter(brand_id=self.viewer.brand_id, **lookup)
            member = members.filter(pk__in=merged.values("winner_id")).first()
        if member is None:
            raise InvalidInput.on(f"/{name}", _("There is no such member."), "unknown_member")
        return member


def _number(value: str) -> str:
    try:
        return normalized_number(value)
    except NotANumber:
        return ""  # Nobody has it.
