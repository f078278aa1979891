"""Entries of members."""

from __future__ import annotations

from django.utils import timezone

from core.kernel.scoping import tenant
from members.segments.models import Segment
from members.tags.models import Tag, TagGroup, TagRule
from tests.factories.members import MemberFactory
from tests.tenancy.samples import listing, own, row


def member(scope):
    made = MemberFactory(
        brand=scope.brand,
        home_dealer=scope.dealer,
        display_name=scope.canary,
        customer_no=None,
    )
    return {"member_id": made.pk}


def segment(scope):
    """A segment belongs to the whole brand: it bears the brand's name, not the dealer's canary."""
    now = timezone.now()
    with tenant(scope.brand.pk):
        made = Segment.objects.create(
            brand=scope.brand,
            name=f"{scope.brand.name} segment {Segment.objects.count()}",
            tree={"op": "all", "items": []},
            created_at=now,
            updated_at=now,
        )
    return {"segment_id": made.pk}


def group(scope):
    with tenant(scope.brand.pk):
        number = TagGroup.objects.count()
        made = TagGroup.objects.create(brand=scope.brand, name=f"{scope.brand.name} group {number}")
    return {"group_id": made.pk}


def tag(scope):
    parent = group(scope)["group_id"]
    with tenant(scope.brand.pk):
        made = Tag.objects.create(
            brand=scope.brand, group_id=parent, name=scope.brand.name, created_at=timezone.now()
        )
        TagRule.objects.create(brand=scope.brand, tag=made, tree={"op": "all", "items": []})
    return {"tag_id": made.pk}


def by_key(make):
    """The same row under the name that REST gives its key."""
    return lambda scope: {"pk": next(iter(make(scope).values()))}


ROUTES = {
    "members:members-list": listing(member),
    "members:members-new": listing(),
    "members:members-detail": row(member),
    "members:members-edit": row(member),
    "members:members-orders": row(member),
    "members:tags-of-member": row(member),
    "members:segments-list": listing(segment, dealers=False),
    "members:segments-new": listing(dealers=False),
    "members:segments-count": own(),
    "members:segments-options": own(),
    "members:segments-detail": row(segment, dealers=False),
    "members:segments-edit": row(segment, dealers=False),
    "members:segments-people": row(segment, dealers=False),
    "members:segments-recount": row(segment, dealers=False),
    "members:segments-archive": row(segment, dealers=False),
    "members:tags-list": listing(tag, dealers=False),
    "members:tags-new": listing(dealers=False),
    "members:tags-give": listing(dealers=False),
    "members:tags-pick": own(),
    "members:tag-groups-new": own(),
    "members:tag-groups-edit": row(group, dealers=False),
    "members:tags-detail": row(tag, dealers=False),
    "members:tags-edit": row(tag, dealers=False),
    "members:tags-delete": row(tag, dealers=False),
    "members:tags-rule": row(tag, dealers=False),
    "members:tags-rule-delete": row(tag, dealers=False),
    "members:tags-apply": row(tag, dealers=False),
    "api:members:members-list": listing(member),
    "api:members:members-detail": row(by_key(member)),
    "api:members:segments-list": listing(dealers=False),
    "api:members:segments-count": own(),
    "api:members:segments-sample": own(),
    "api:members:segments-detail": row(by_key(segment), dealers=False),
    "api:members:segments-archive": row(by_key(segment), dealers=False),
    "api:members:tags-list": listing(dealers=False),
    "api:members:tags-detail": row(by_key(tag), dealers=False),
    "api:members:tags-give": row(by_key(tag), dealers=False),
    "api:members:tags-take": row(by_key(tag), dealers=False),
    "api:members:tag-groups-list": listing(dealers=False),
    "api:members:tag-groups-detail": row(by_key(group), dealers=False),
}
