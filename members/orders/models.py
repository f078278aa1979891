from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandDetail, BrandQuerySet
from members.orders.rules import LONGEST_CATEGORY
from members.profiles.models import Member


class OrderQuerySet(BrandQuerySet["Order"]):
    dealer_field = "member__home_dealer_id"


class Order(BrandDetail):
    """One purchase. ``amount_fen`` is integer fen; ``order_no`` is the selling system's number.

    ``channel`` is whatever the selling system calls it; those in ``KnownChannel`` have words.
    ``category`` is the brand's own word for what was bought, or empty.
    """

    class KnownChannel(models.TextChoices):
        APP = "app", pgettext_lazy("channel", "App")
        DEALER = "dealer", pgettext_lazy("channel", "Dealer")
        STORE = "store", pgettext_lazy("channel", "Store")
        MALL = "mall", pgettext_lazy("channel", "Online shop")
        LIVE = "live", pgettext_lazy("channel", "Live stream")
        MINI_PROGRAM = "mini_program", pgettext_lazy("channel", "Mini program")

    id = models.BigAutoField(primary_key=True)
    order_no = models.CharField(_("order number"), max_length=64)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="orders", db_constraint=False, db_index=False
    )
    ordered_at = models.DateTimeField(_("ordered"))
    amount_fen = models.BigIntegerField(_("amount"))
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    category = models.CharField(
        _("category"), max_length=LONGEST_CATEGORY, blank=True, default="", db_default=""
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "order_no"], name="members_order_one_per_no"),
            models.CheckConstraint(
                condition=Q(amount_fen__gte=0), name="members_order_amount_not_negative"
            ),
        ]
        indexes = [
            # A member's orders, newest first; sums per member need no visit to the table.
            models.Index(
                fields=["brand", "member", "-ordered_at", "-id"],
                include=["amount_fen"],
                name="members_order_by_member",
            ),
            # Orders in a window, grouped by member: the criteria of segments.
            models.Index(
                fields=["brand", "ordered_at", "member"],
                include=["amount_fen"],
                name="members_order_in_window",
            ),
        ]

    def __str__(self) -> str:
        return self.order_no

    @property
    def channel_label(self) -> str:
        """The channel in words, or as the selling system calls it."""
        return str(dict(self.KnownChannel.choices).get(self.channel, self.channel))


class OrderCategory(BrandDetail):
    """A word by which the brand has sorted orders; what the builder of segments suggests.

    Kept by whoever writes orders, so that no page asks millions of them.
    """

    pk = models.CompositePrimaryKey("brand_id", "name")
    name = models.CharField(_("category"), max_length=LONGEST_CATEGORY)

    objects = BrandQuerySet["OrderCategory"].as_manager()

    def __str__(self) -> str:
        return self.name
