from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from core.runs.models import Run
from members.segments.models import Segment


class GroupingKey(models.TextChoices):
    """What members of one community have in common."""

    DEALER = "dealer", _("Dealer")
    CITY = "city", _("City")
    MODEL = "model", _("Vehicle model")
    INTEREST = "interest", _("Interest")
    DELIVERY_MONTH = "delivery_month", _("Delivery month")


class BuildRuleQuerySet(BrandQuerySet["BuildRule"]):
    is_brand_wide = True


class BuildRule(BrandModel):
    """Who is put together, in which kind of community, by what, and under which names.

    ``segment`` empty means every member. ``skip`` says who already has a suitable seat.
    Grouping by interest takes the tags of one tag group; somebody with several of them goes to
    the oldest tag's community. ``promotes`` lets everybody of the segment into a kind that asks
    for orders. ``event``, ``starts_at`` and ``ends_at`` are of what its communities are made for,
    where they end with it.
    """

    class Skip(models.TextChoices):
        SAME_KIND = "same_kind", _("in any community of this kind")
        SAME_RULE = "same_rule", _("in a community of this rule")
        NOBODY = "nobody", _("nobody")

    name = models.CharField(_("name"), max_length=80)
    segment = models.ForeignKey(
        Segment, models.PROTECT, related_name="+", null=True, blank=True, db_constraint=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    group_by = models.JSONField(_("group by"), default=list)
    room_cap = models.PositiveIntegerField(_("members per room"), null=True, blank=True)
    name_template = models.CharField(_("name template"), max_length=120, blank=True)
    topic = models.CharField(_("topic"), max_length=40, blank=True)
    # A plain number: a rule whose tag group was deleted says so when it is planned.
    tag_group_id = models.BigIntegerField(_("interests are the tags of"), null=True, blank=True)
    event = models.CharField(
        _("event"), max_length=policy_rules.EVENT_LENGTH, blank=True, default="", db_default=""
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    promotes = models.BooleanField(
        _("its segment counts as promoted"), default=False, db_default=False
    )
    skip = models.CharField(max_length=9, choices=Skip.choices, default=Skip.SAME_KIND)
    is_archived = models.BooleanField(default=False)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = BuildRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "name"],
                condition=models.Q(is_archived=False),
                name="communities_buildrule_one_per_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class BuildRunQuerySet(BrandQuerySet["BuildRun"]):
    is_brand_wide = True


class BuildRun(BrandModel):
    """One use of a rule: planned, looked at, confirmed, applied.

    ``plan`` freezes the rule as it was; ``preview`` and ``report`` hold counts and examples.
    """

    class State(models.TextChoices):
        PLANNING = "planning", _("Planning")
        PREVIEWED = "previewed", _("Ready to confirm")
        APPLYING = "applying", _("Applying")
        APPLIED = "applied", _("Applied")
        DISCARDED = "discarded", _("Discarded")
        FAILED = "failed", _("Failed")

    rule = models.ForeignKey(
        BuildRule, models.PROTECT, related_name="runs", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNING)
    plan = models.JSONField(default=dict)
    preview = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    plan_task = models.OneToOneField(
        Run, models.PROTECT, related_name="+", null=True, db_constraint=False
    )
    apply_task = models.OneToOneField(
        Run, models.PROTECT, related_name="+", null=True, db_constraint=False
    )
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    confirmed_by_id = models.BigIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)

    objects = BuildRunQuerySet.as_manager()

    class Meta:
        constraints = [
            # Two runs of one rule at once would place people twice.
            models.UniqueConstraint(
                fields=["brand", "rule"],
                condition=models.Q(state="applying"),
                name="communities_buildrun_one_applying",
            )
        ]
        indexes = [
            models.Index(fields=["brand", "rule", "-id"], name="communities_buildrun_of_rule")
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.state}"


class CandidateBatchQuerySet(BrandQuerySet["CandidateBatch"]):
    is_brand_wide = True


class CandidateBatch(BrandDetail):
    """Up to ``SIZE`` members of whom a run says the same: a group to join, or why not.

    ``member_ids`` ascend, and batches of one exclusion and group do not overlap; all but the last
    are full. The plan writes them in one statement, and applying adds a batch of those whom it
    could no longer place, with their group. A row per person would weigh twenty times as much and
    live as long as the run. Run and members are plain numbers: the policy vouches for the brand.
    """

    SIZE = 1000

    class Exclusion(models.TextChoices):
        NONE = "", _("placed")
        INSIDE = "inside", _("already in a suitable group")
        NO_CONSENT = "no_consent", _("no consent to community invitations")
        NO_GROUP = "no_group", _("what the rule groups by is missing")
        NO_ENTRY = "no_entry", _("does not meet the entry rule")
        CLOSED = "closed", _("the community no longer takes members")

    pk = models.CompositePrimaryKey("brand_id", "run_id", "exclusion", "group_no", "first_member")
    run_id = models.BigIntegerField()
    exclusion = models.CharField(max_length=10, choices=Exclusion.choices, blank=True)
    group_no = models.IntegerField()  # 1..n in the order of the groups' keys; 0 is left out
    first_member = models.BigIntegerField()
    last_member = models.BigIntegerField()
    people = models.IntegerField()  # how many; counting them would unpack the list
    member_ids = ArrayField(models.BigIntegerField())

    objects = CandidateBatchQuerySet.as_manager()

    class Meta:
        indexes = [
            # Whose lists reach across a member's number, over all runs.
            models.Index(
                fields=["brand", "first_member", "last_member"],
                name="communities_candidate_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.exclusion or self.group_no} from {self.first_member}"


class BuildGroupQuerySet(BrandQuerySet["BuildGroup"]):
    is_brand_wide = True


class BuildGroup(BrandDetail):
    """One group of a run: the people who share the rule's keys, and what became of them."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(
        BuildRun, models.CASCADE, related_name="groups", db_constraint=False, db_index=False
    )
    group_no = models.IntegerField()
    key = models.CharField(max_length=160)
    label = models.CharField(max_length=160)
    facts = models.JSONField(default=dict)  # what the name template may use
    community_id = models.BigIntegerField(null=True)
    candidate_count = models.IntegerField()
    excluded_count = models.IntegerField(default=0)
    existing_seats = models.IntegerField(default=0)
    new_room_count = models.IntegerField(default=0)
    placed_count = models.IntegerField(null=True)  # empty until applied

    objects = BuildGroupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "run", "group_no"], name="communities_buildgroup_one_per_no"
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.label}"
