from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet
from core.staff.models import Staff

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class SavedViewQuerySet(BrandQuerySet["SavedView"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """One's own, and what is shared with the brand."""
        rows = self.filter(brand_id=viewer.brand_id)
        return rows.filter(Q(staff_id=viewer.staff_id) | Q(is_shared=True))

    def owned_by(self, viewer: Viewer) -> Self:
        """One's own: only these can be changed."""
        return self.filter(brand_id=viewer.brand_id, staff_id=viewer.staff_id)


class SavedView(BrandModel):
    """An address of a list under a name. It narrows, and allows nothing: rights are asked anew.

    ``query`` is encrypted (``core.kernel.crypto``), as it may hold what was typed into a search.
    """

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+", db_constraint=False)
    list_key = models.CharField(max_length=40)
    name = models.CharField(_("name"), max_length=40)
    query = models.BinaryField()
    is_shared = models.BooleanField(_("for everybody in the brand"), default=False)
    created_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "staff", "list_key", "name"], name="core_savedview_one_per_name"
            )
        ]
        indexes = [
            models.Index(
                fields=["brand", "list_key"],
                condition=Q(is_shared=True),
                name="core_savedview_shared",
            )
        ]

    def __str__(self) -> str:
        return self.name
