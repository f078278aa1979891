from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from core.kernel.versions import Versioned
from members.profiles.models import Member

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class TagGroup(Versioned, BrandModel):
    """Tags that belong together, such as interests. Of an exclusive group a member has one."""

    name = models.CharField(_("name"), max_length=40)
    is_exclusive = models.BooleanField(_("one per member"), default=False)

    objects = BrandQuerySet["TagGroup"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("brand", Lower("name"), name="members_taggroup_one_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class Tag(Versioned, BrandModel):
    """A fact that members can share.

    ``member_count`` follows every act in its transaction (``members.tags.recording``); beat counts
    anew at ``counted_at``, which finds nothing to mend unless rows were loaded past the services.
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
                "brand", "group", Lower("name"), name="members_tag_one_per_name"
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

    class Meta:
        indexes = [models.Index(fields=["brand", "member"], name="members_tagblock_by_member")]

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


class TagLimits(Versioned, BrandModel):
    """How many tags a brand allows itself. Without a row, the defaults."""

    MOST = 100_000
    DEFAULTS = 0  # the version of limits that nobody has set

    tags = models.PositiveIntegerField(
        _("tags of the brand"),
        default=5_000,
        validators=[MinValueValidator(1), MaxValueValidator(MOST)],
    )
    per_group = models.PositiveIntegerField(
        _("tags in a group"),
        default=200,
        validators=[MinValueValidator(1), MaxValueValidator(MOST)],
    )
    per_member = models.PositiveIntegerField(
        _("tags of a member"),
        default=200,
        validators=[MinValueValidator(1), MaxValueValidator(MOST)],
    )

    objects = BrandQuerySet["TagLimits"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand"], name="members_taglimits_one")]

    def __str__(self) -> str:
        return f"limits of brand {self.brand_id}"


class TagActQuerySet(BrandQuerySet["TagAct"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Everything for who sees the whole brand, else one's own."""
        rows = self.filter(brand_id=viewer.brand_id)
        if viewer.is_brand_wide:
            return rows
        return rows.filter(author_id=viewer.staff_id) if viewer.staff_id else rows.none()


class TagAct(BrandModel):
    """One thing that somebody or something did with tags, to one member or to a million.

    Its number is drawn before the first member is touched; a run's steps share one act, which
    ``run_id`` finds again. ``undoes_id`` names the act that this one undid.
    """

    class Source(models.TextChoices):
        MANUAL = "manual", _("By hand")
        RULE = "rule", _("Rule")
        IMPORT = "import", _("Import")
        EXPIRY = "expiry", _("Expiry")
        MERGE = "merge", _("Merge")
        DELETION = "deletion", _("Deletion")
        UNDO = "undo", _("Undo")

    source = models.CharField(max_length=8, choices=Source.choices)
    author_id = models.BigIntegerField(null=True)
    author_label = models.CharField(max_length=120)
    rule_version = models.PositiveIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    undoes_id = models.BigIntegerField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True, db_default="")

    objects = TagActQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "run_id"],
                condition=models.Q(run_id__isnull=False),
                name="members_tagact_one_per_run",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.at}"


class TagChange(BrandDetail):
    """What an act did with one tag, and to how many.

    ``tag_id`` is a plain number, so that the history outlives the tag; after a merge it is the
    other tag's, while ``tag_name`` still says what it was called.
    """

    class Kind(models.TextChoices):
        GIVEN = "given", pgettext_lazy("tag", "given")
        CHANGED = "changed", _("source or end changed")
        TAKEN = "taken", pgettext_lazy("tag", "taken")
        REPLACED = "replaced", _("replaced by another of its group")
        BLOCKED = "blocked", _("kept from the rule")
        UNBLOCKED = "unblocked", _("left to the rule again")

    id = models.BigAutoField(primary_key=True)
    act = models.ForeignKey(
        TagAct, models.PROTECT, related_name="changes", db_constraint=False, db_index=False
    )
    tag_id = models.BigIntegerField()
    tag_name = models.CharField(max_length=40)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    people = models.BigIntegerField()

    objects = BrandQuerySet["TagChange"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "act", "tag_id", "kind", "tag_name"],
                name="members_tagchange_one_per_kind",
            )
        ]
        indexes = [models.Index(fields=["brand", "tag_id", "-id"], name="members_tagchange_of_tag")]

    def __str__(self) -> str:
        return f"{self.kind} {self.tag_name}"

    @property
    def what(self) -> str:
        """What happened, for people."""
        return what_happened(kind=self.kind, source=self.act.source)


def what_happened(*, kind: str, source: str) -> str:
    """Return what an act did, for people. A rule changes nothing but by being deleted."""
    if kind == TagChange.Kind.CHANGED and source == TagAct.Source.RULE:
        return gettext("rule deleted; whoever has it keeps it")
    return str(TagChange.Kind(kind).label)


class TagChangeBatch(BrandDetail):
    """To whom a change happened: ascending ids of members of one bucket of ``SIZE`` numbers.

    A million neighbours are a thousand rows. A member's history is read through the member's
    bucket, by plain comparisons of numbers, which row-level security lets reach an index. The
    other arrays run parallel and keep what was there before; they are NULL where nothing was.
    """

    SIZE = 1024

    id = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(
        TagChange, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    bucket = models.BigIntegerField()
    at = models.DateTimeField()
    people = models.IntegerField()
    member_ids = ArrayField(models.BigIntegerField())
    sources = ArrayField(models.CharField(max_length=6), null=True)
    author_ids = ArrayField(models.BigIntegerField(null=True), null=True)
    tagged_ats = ArrayField(models.DateTimeField(), null=True)
    expires_ats = ArrayField(models.DateTimeField(null=True), null=True)

    objects = BrandQuerySet["TagChangeBatch"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "bucket", "-id"], name="members_tagchangebatch_near"),
            models.Index(fields=["brand", "change", "bucket"], name="members_tagchangebatch_of"),
            # A member's timeline: their bucket, in the order of time.
            models.Index(
                fields=["brand", "bucket", "-at", "-id"], name="members_tagchangebatch_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_id} {self.bucket}"
