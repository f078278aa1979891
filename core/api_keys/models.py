from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.organizations.models import Brand
from core.staff.models import Staff

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Keys act for the whole brand, so only those who see all of it see them."""
        rows = self.filter(brand_id=viewer.brand_id)
        return rows if viewer.is_brand_wide else rows.none()


class ApiKey(models.Model):
    """A program's way in. Only a hash of the secret is kept; the prefix finds the row.

    Not a ``BrandModel``: a request has to find its key before any brand is known.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    permissions = models.JSONField(default=list)
    created_by = models.ForeignKey(Staff, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
