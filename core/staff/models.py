from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet
from core.organizations.models import Brand, Dealer, Region, Store

if TYPE_CHECKING:
    from typing import ClassVar, Self

    from django.contrib.sessions.backends.base import SessionBase

    from core.kernel.access import Viewer


class StaffQuerySet(models.QuerySet["Staff"]):
    def of_brand(self, brand_id: int) -> Self:
        """Staff of one brand; the caller still narrows by scope."""
        return self.filter(brand_id=brand_id)

    def visible_to(self, viewer: Viewer) -> Self:
        """The whole brand, or whoever holds a role at one of the viewer's dealers, and oneself."""
        rows = self.of_brand(viewer.brand_id)
        if viewer.dealer_ids is None:
            return rows
        here = RoleGrant.objects.filter(
            brand_id=viewer.brand_id, dealer__in=viewer.dealer_ids, staff=models.OuterRef("pk")
        )
        return rows.filter(models.Exists(here) | Q(pk=viewer.staff_id))


class StaffManager(BaseUserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> Staff:
        """Find a person signing in; user names ignore case."""
        return self.get(username=(username or "").strip().lower())  # type: ignore[no-any-return]


class Staff(AbstractBaseUser):
    """A person who signs in to the console.

    Not a ``BrandModel``: signing in has to find this row before any brand is known.
    """

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    username = models.CharField(_("user name"), max_length=64, unique=True)
    display_name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    must_change_password = models.BooleanField(default=False)  # somebody else has seen it
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = StaffManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        indexes = [
            models.Index(fields=["brand", "username"], name="core_staff_by_brand"),
            models.Index(fields=["brand", "display_name"], name="core_staff_by_name"),
        ]

    def __str__(self) -> str:
        return self.display_name


class Role(models.TextChoices):
    """What a person does for the brand; product.md §1."""

    HQ_ADMIN = "hq_admin", _("HQ admin")
    HQ_OPERATOR = "hq_operator", _("HQ operator")
    HQ_REVIEWER = "hq_reviewer", _("HQ reviewer")
    REGION_MANAGER = "region_manager", _("Region manager")
    DEALER_MANAGER = "dealer_manager", _("Dealer manager")
    DEALER_STAFF = "dealer_staff", _("Dealer staff")
    ANALYST = "analyst", _("Analyst (read only)")


class RoleGrant(BrandModel):
    """One role of one person at one node of the tree; none of the three nodes means the brand."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", null=True, blank=True, db_constraint=False
    )
    dealer = models.ForeignKey(
        Dealer, models.PROTECT, related_name="+", null=True, blank=True, db_constraint=False
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="+", null=True, blank=True, db_constraint=False
    )

    objects = BrandQuerySet["RoleGrant"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "staff", "role", "region", "dealer", "store"],
                nulls_distinct=False,
                name="core_rolegrant_once",
            ),
            models.CheckConstraint(
                condition=Q(role__startswith="hq_", region=None, dealer=None, store=None)
                | Q(role="analyst", store=None)
                | Q(role="region_manager", region__isnull=False, dealer=None, store=None)
                | Q(role__startswith="dealer_", region=None, dealer__isnull=False),
                name="core_rolegrant_scope_fits_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.role}"


class StaffSession(AbstractBaseSession):
    """A signed-in browser. Kept in the database, so that it survives Redis and can be revoked.

    ``staff_id`` is a plain number: the session is written before and after anybody signs in.
    """

    staff_id = models.BigIntegerField(null=True, db_index=True)
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()  # kept in the session: Django rewrites the whole row
    seen_at = models.DateTimeField()

    objects: ClassVar[BaseSessionManager[Any]] = BaseSessionManager()

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return the engine named by SESSION_ENGINE."""
        from core.staff.sessions import SessionStore  # noqa: PLC0415  (the engine imports us)

        return SessionStore
