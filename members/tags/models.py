from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from members.profiles.models import Member


class TagGroup(BrandModel):
    """Tags that belong together, such as interests. Of an exclusive group a member has one."""

    name = models.CharField(_("name"), max_length=40)
    is_exclusive = models.BooleanField(_("one per member"), default=False)

    objects = BrandQuerySet["TagGroup"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "name"], name="members_taggroup_one_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class Tag(BrandModel):
    """A fact that members can share.

    ``member_count`` is how many had it at ``counted_at``, and since then those given and taken by
    hand; beat and every run count anew.
    """

    group = models.ForeignKey(
        TagGroup, models.PROTECT, related_name="tags", db_constraint=False, db_index=False
    )
    name = models.CharField(_("name"), max_length=40)
    created_at = models.DateTimeField()
    member_count = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)

    objects = BrandQuerySet["Tag"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "group", "name"], name="members_tag_one_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class MemberTag(BrandDetail):
    """A member has a tag, since when and by whose word. One row per pair.

    A row past ``expires_at`` is taken away within a minute, so that whoever asks for tags need not
    look at it.
    """

    class Source(models.TextChoices):
        MANUAL = "manual", _("By hand")
        RULE = "rule", _("Rule")
        IMPORT = "import", _("Import")
        WECOM = "wecom", _("WeCom")
        MODEL = "model", _("Model")

    pk = models.CompositePrimaryKey("brand_id", "tag_id", "member_id")
    tag = models.ForeignKey(
        Tag, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="member_tags", db_constraint=False, db_index=False
    )
    source = models.CharField(max_length=6, choices=Source.choices)
    author_id = models.BigIntegerField(null=True)
    tagged_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    objects = BrandQuerySet["MemberTag"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "member"], name="members_membertag_by_member"),
            models.Index(
                fields=["brand", "expires_at"],
                condition=models.Q(expires_at__isnull=False),
                name="members_membertag_expiring",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.tag_id}"


class TagBlock(BrandDetail):
    """Somebody took the tag off by hand: rules leave this pair alone until it is cleared."""

    pk = models.CompositePrimaryKey("brand_id", "tag_id", "member_id")
    tag = models.ForeignKey(
        Tag, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    author_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    objects = BrandQuerySet["TagBlock"].as_manager()

    def __str__(self) -> str:
        return f"{self.member_id} not {self.tag_id}"


class TagRule(BrandModel):
    """Gives a tag to whoever meets the conditions, and takes it from those who no longer do."""

    tag = models.OneToOneField(Tag, models.PROTECT, related_name="rule", db_constraint=False)
    tree = models.JSONField()
    is_active = models.BooleanField(default=True)
    applied_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = BrandQuerySet["TagRule"].as_manager()

    def __str__(self) -> str:
        return f"rule of {self.tag_id}"
