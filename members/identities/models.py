from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet
from members.profiles.models import Member


class IdentityQuerySet(BrandQuerySet["Identity"]):
    dealer_field = "member__home_dealer_id"


class Identity(BrandModel):
    """One name of a member in another system. A name belongs to one member only."""

    class Kind(models.TextChoices):
        APP_USER = "app_user", _("App user")
        WECOM_EXTERNAL = "wecom_external", _("WeCom external_userid")
        UNIONID = "unionid", _("unionid")

    member = models.ForeignKey(
        Member, models.PROTECT, related_name="identities", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    value = models.CharField(max_length=128)
    created_at = models.DateTimeField()

    objects = IdentityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind", "value"], name="members_identity_one_owner"
            )
        ]
        indexes = [models.Index(fields=["brand", "member"], name="members_identity_by_member")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
