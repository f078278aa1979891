from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from members.lifecycle.rules import LABELS, Terms
from members.profiles.models import Member, Stage


class StagePolicy(BrandModel):
    """One version of a brand's rules of the lifecycle; the newest holds.

    A brand without one follows the defaults of ``rules.Terms``, which are its version 0.
    """

    policy_version = models.PositiveIntegerField()
    introduction_days = models.PositiveIntegerField(_("days of introduction"))
    mature_days = models.PositiveIntegerField(_("days until mature"))
    mature_orders = models.PositiveIntegerField(_("orders until mature"))
    dormant_days = models.PositiveIntegerField(_("silent days until dormant"))
    lost_days = models.PositiveIntegerField(_("silent days until lost"))
    created_by_label = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    objects = BrandQuerySet["StagePolicy"].as_manager()

    class Meta:
        verbose_name_plural = "stage policies"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "policy_version"], name="members_stagepolicy_one_per_version"
            ),
            models.CheckConstraint(
                condition=Q(lost_days__gt=F("dormant_days")),
                name="members_stagepolicy_lost_after_dormant",
            ),
            models.CheckConstraint(
                condition=Q(mature_days__gt=F("introduction_days")),
                name="members_stagepolicy_mature_after_introduction",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.policy_version}"

    @property
    def terms(self) -> Terms:
        """The numbers as the rules take them."""
        return Terms(**{name: getattr(self, name) for name in Terms.__dataclass_fields__})


class StageChangeQuerySet(BrandQuerySet["StageChange"]):
    dealer_field = "member__home_dealer_id"


class StageChange(BrandDetail):
    """A member went from one stage to another, when, why, and by whose word.

    Written in the statement that moves the member. Where somebody begins is no change:
    ``Member.is_stage_told`` keeps that it was told. ``author_label`` is empty where the rules did
    it. ``of_merged`` is the number of whoever it happened to, where they became part of the member
    since: it is told, but neither the rules nor the member's own chain of stages go by it.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="stage_changes", db_constraint=False, db_index=False
    )
    from_stage = models.CharField(max_length=12, choices=Stage.choices)
    to_stage = models.CharField(max_length=12, choices=Stage.choices)
    reason = models.CharField(
        max_length=9, choices=[(reason.value, label) for reason, label in LABELS.items()]
    )
    note = models.CharField(max_length=200, blank=True)
    policy_version = models.PositiveIntegerField()
    at = models.DateTimeField()
    author_id = models.BigIntegerField(null=True)
    author_label = models.CharField(max_length=80, blank=True)
    of_merged = models.BigIntegerField(null=True)

    objects = StageChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_stage=F("to_stage")), name="members_stagechange_changes"
            )
        ]
        indexes = [
            # A member's history, newest first; the newest row decides for the rules.
            models.Index(
                fields=["brand", "member", "-at", "-id"], name="members_stagechange_by_member"
            ),
            # Flows and the movement of a window are counted without the table.
            models.Index(
                fields=["brand", "at"],
                include=["from_stage", "to_stage"],
                name="members_stagechange_in_window",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.from_stage} → {self.to_stage}"
