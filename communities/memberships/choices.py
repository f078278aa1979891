"""The words of memberships, as columns store them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Placement(models.TextChoices):
    """How a build run came to a seat."""

    NONE = "", _("not by a run")
    EXISTING = "existing", _("an existing room had seats")
    NEXT = "next", _("existing rooms were full, the next one was opened")
    FIRST = "first", _("the first room of a new community")
