"""The words of policies, as columns store them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The four kinds are four policies, not four labels; product.md §4.1."""

    FLASH = "flash", _("Flash")
    SERVICE = "service", _("Service")
    CONVERSION = "conversion", _("Conversion")
    CORE = "core", _("Core")


class Window(models.TextChoices):
    """The calendar window that marketing messages are counted in, in the brand's time zone."""

    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")
