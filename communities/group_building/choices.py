"""The words of group building, as columns store them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class GroupingKey(models.TextChoices):
    """What members of one community have in common."""

    DEALER = "dealer", _("Dealer")
    CITY = "city", _("City")
    MODEL = "model", _("Vehicle model")
    DELIVERY_MONTH = "delivery_month", _("Delivery month")


class Skip(models.TextChoices):
    """Who has a suitable seat already and is left alone."""

    SAME_KIND = "same_kind", _("in any community of this kind")
    SAME_RULE = "same_rule", _("in a community of this rule")
    NOBODY = "nobody", _("nobody")
