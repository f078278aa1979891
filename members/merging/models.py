from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet
from members.profiles.models import Member


class MemberMergeQuerySet(BrandQuerySet["MemberMerge"]):
    dealer_field: ClassVar[str | None] = "winner__home_dealer_id"


class MemberMerge(BrandModel):
    """One member became another: enough to tell what happened, and to give everything back.

    ``loser`` is the merged member's row as it was; ``before`` and ``after`` hold the winner's
    columns that changed. ``moved`` maps each table to the keys of the rows that changed hands
    (``moved``), to whole rows that went because one member may have only one (``dropped``), and
    to rows that were closed, with what they held before (``closed``). Phones in it are encrypted
    as they are among members. ``told`` names the act of tags (``tag_act``) and the change of stage
    (``stage_change``) by which the histories of those tell of the merge.
    """

    winner = models.ForeignKey(
        Member, models.PROTECT, related_name="merges", db_constraint=False, db_index=False
    )
    loser_id = models.BigIntegerField()
    loser_name = models.CharField(_("name"), max_length=80)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    loser = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    moved = models.JSONField()
    told = models.JSONField(default=dict)
    merged_at = models.DateTimeField()
    merged_by_id = models.BigIntegerField(null=True)
    merged_by_label = models.CharField(max_length=80)
    undone_at = models.DateTimeField(null=True)
    undone_by_label = models.CharField(max_length=80, blank=True)

    objects = MemberMergeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "winner", "-id"], name="members_merge_of_winner"),
            models.Index(fields=["brand", "loser_id"], name="members_merge_of_loser"),
        ]

    def __str__(self) -> str:
        return f"{self.loser_id} into {self.winner_id}"
