from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.communities.models import Community
from communities.rooms.models import Room
from core.kernel.scoping import BrandDetail, BrandQuerySet
from members.profiles.models import Member


class MembershipQuerySet(BrandQuerySet["Membership"]):
    dealer_field = "community__dealer_id"


class Membership(BrandDetail):
    """A member's seat in one room of a community; ``left_at`` is empty while it is taken.

    ``build_run_id`` and ``placement`` tell why: which run placed the person, and how.
    ``read_seq`` is the read position in the room's feed. One composite key ties the seat to its
    room and, through it, to the community the room belongs to.
    """

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        PRESIDENT = "president", _("President")
        ADMIN = "admin", _("Admin")
        MEMBER = "member", pgettext_lazy("community role", "Member")

    class Source(models.TextChoices):
        BUILD = "build", _("Build run")
        MANUAL = "manual", _("By hand")
        JOIN_CODE = "join_code", _("Join code")
        API = "api", _("API")
        PROMOTED = "promoted", _("Promoted by an operator")

    class Placement(models.TextChoices):
        NONE = "", _("not by a run")
        EXISTING = "existing", _("an existing room had seats")
        NEXT = "next", _("existing rooms were full, the next one was opened")
        FIRST = "first", _("the first room of a new community")

    id = models.BigAutoField(primary_key=True)
    community = models.ForeignKey(
        Community, models.PROTECT, related_name="memberships", db_constraint=False, db_index=False
    )
    room = models.ForeignKey(
        Room, models.PROTECT, related_name="memberships", db_constraint=False, db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.MEMBER)
    source = models.CharField(max_length=9, choices=Source.choices)
    placement = models.CharField(max_length=8, choices=Placement.choices, blank=True)
    build_run_id = models.BigIntegerField(null=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    read_seq = models.BigIntegerField(default=0)

    objects = MembershipQuerySet.as_manager()
    has_withdrawn = False  # the consent to be invited; see ``selectors.marked``

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "community", "member"],
                condition=Q(left_at=None),
                name="communities_membership_one_seat",
            ),
        ]
        indexes = [
            # A room's people; a member's communities, newest first.
            models.Index(
                fields=["brand", "room", "id"],
                condition=Q(left_at=None),
                name="communities_membership_of_room",
            ),
            models.Index(
                fields=["brand", "member", "-joined_at", "-id"], name="communities_seat_of_member"
            ),
            # What a member left, newest first.
            models.Index(
                fields=["brand", "member", "-left_at", "-id"],
                condition=Q(left_at__isnull=False),
                name="communities_seat_left",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} {self.member_id}"
