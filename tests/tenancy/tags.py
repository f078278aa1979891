"""Entries of tags: they are the brand's; who wears them is a dealer's."""

from __future__ import annotations

from itertools import count

from django.utils import timezone

from core.kernel.scoping import tenant
from members.tags import services as tags
from members.tags.models import MemberTag, Tag, TagBlock, TagChange, TagGroup, TagRule
from tests.tenancy.members import EVERYBODY, make_member, make_segment
from tests.tenancy.samples import listing, pk, row

number = count(1)


def make_group(scope):
    with tenant(scope.brand.pk):
        return TagGroup.objects.create(
            brand=scope.brand, name=f"{scope.brand_canary} group {next(number)}"
        )


def make_tag(scope):
    """A tag with a rule that members of both dealers have, and others are to be left without."""
    group, now = make_group(scope), timezone.now()
    places = [scope] if scope.neighbor is None else [scope, scope.neighbor]
    wearers = [make_member(each) for each in places]
    without = [make_member(each) for each in places]
    with tenant(scope.brand.pk):
        made = Tag.objects.create(
            brand=scope.brand,
            group=group,
            name=f"{scope.brand_canary} tag {next(number)}",
            created_at=now,
        )
        TagRule.objects.create(brand=scope.brand, tag=made, tree=EVERYBODY)
        pair = {"brand": scope.brand, "tag": made}
        for each in wearers:
            MemberTag.objects.create(**pair, member=each, source="manual", tagged_at=now)
        for each in without:
            TagBlock.objects.create(**pair, member=each, created_at=now)
    return made


def tag_group(scope):
    return {"group_id": make_group(scope).pk}


def tag(scope):
    return {"tag_id": make_tag(scope).pk}


def act(scope):
    """Somebody gave a tag by hand."""
    made, wearer = make_tag(scope), make_member(scope)
    with tenant(scope.brand.pk):
        tags.tag_members(tag=made, member_ids=[wearer.pk], actor=scope.person, now=timezone.now())
        return {"act_id": TagChange.objects.get(tag_id=made.pk).act_id}


def segment_to_tag(scope):
    return {"segment": make_segment(scope).pk, "act": "give"}


def plain_tag(scope):
    made = make_tag(scope)
    with tenant(scope.brand.pk):
        TagRule.objects.filter(tag=made).delete()
    return {"tag_id": made.pk}


def other_tag(scope):
    return {"into": make_tag(scope).pk}


def new_tag(scope):
    return {"name": "New", "group": make_group(scope).pk}


def wearers(scope):
    return {"member_ids": [make_member(scope).pk]}


ROUTES = {
    "api:members:tag-groups-list": listing(dealers=False),
    "api:members:tag-groups-detail": row(pk(tag_group), dealers=False),
    "api:members:tags-list": listing(dealers=False, refers=new_tag),
    "api:members:tags-detail": row(pk(tag), dealers=False),
    "api:members:tags-give": row(pk(tag), dealers=False, refers=wearers),
    "api:members:tags-take": row(pk(tag), dealers=False, refers=wearers),
    "api:members:tags-clear": row(pk(tag), dealers=False),
    "api:members:tags-give-segment": row(pk(tag), dealers=False, refers=segment_to_tag),
    "api:members:tags-merge": row(pk(plain_tag), dealers=False, refers=other_tag),
    "api:members:tags-remove": row(pk(tag), dealers=False),
    "api:members:tags-mentions": row(pk(tag), dealers=False),
    "api:members:tags-rule": row(pk(tag), dealers=False),
    "api:members:tags-apply-rule": row(pk(tag), dealers=False),
    "api:members:tag-acts-list": listing(),
    "api:members:tag-acts-detail": row(pk(act)),
    "api:members:tag-acts-undo-preview": row(pk(act)),
    "api:members:tag-acts-undo": row(pk(act)),
    "api:members:tag-limits": listing(),
    "members:tags-list": listing(),
    "members:tags-new": listing(refers=new_tag),
    "members:tags-give": listing(),
    "members:tags-pick": listing(),
    "members:tag-groups-new": listing(),
    "members:tag-groups-edit": row(tag_group, dealers=False),
    "members:tags-detail": row(tag, dealers=False),
    "members:tags-edit": row(tag, dealers=False),
    "members:tags-delete": row(tag, dealers=False),
    "members:tags-rule": row(tag, dealers=False),
    "members:tags-rule-delete": row(tag, dealers=False),
    "members:tags-apply": row(tag, dealers=False),
    "members:tags-members": row(tag, dealers=False),
    "members:tags-clear": row(tag, dealers=False),
    "members:tags-history": row(tag, dealers=False),
    "members:tags-merge": row(tag, dealers=False),
    "members:tags-undo": row(act),
    "members:tags-limits": listing(),
}
