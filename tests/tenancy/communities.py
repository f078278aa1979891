"""Entries of communities. Policies and build rules are the brand's; the rest is a dealer's."""

from __future__ import annotations

from itertools import count

from django.utils import timezone

from communities.group_building.models import BuildGroup, BuildRule
from communities.group_building.services import plan_run
from communities.policies.models import CommunityPolicy
from core.kernel.scoping import tenant
from members.privacy.models import Consent
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
    RoomMessageFactory,
)
from tests.factories.members import TagGroupFactory
from tests.tenancy.members import make_member, make_segment
from tests.tenancy.samples import listing, pk, row

number = count(1)


def policy(scope):
    """The brand's policy of the service kind, made once: the address names the kind alone."""
    with tenant(scope.brand.pk):
        missing = not CommunityPolicy.objects.filter(kind="service").exists()
    if missing:
        PolicyFactory(brand=scope.brand, name_template=f"{scope.brand_canary} {{dealer}} {{n}}")
    return {"kind": "service"}


def make_community(scope):
    policy(scope)
    return CommunityFactory(
        brand=scope.brand, dealer=scope.dealer, name=f"{scope.canary} community {next(number)}"
    )


def community(scope):
    return {"community_id": make_community(scope).pk}


def make_room(scope):
    """A room with a message in it."""
    made = RoomFactory(
        brand=scope.brand,
        community=make_community(scope),
        name=f"{scope.canary} room {next(number)}",
        last_seq=1,
    )
    RoomMessageFactory(brand=scope.brand, room=made, seq=1, body=f"{scope.canary} message")
    return made


def room(scope):
    return {"room_id": make_room(scope).pk}


def message(scope):
    return room(scope) | {"body": {"body": "Hello"}}


def make_seat(scope):
    return MembershipFactory(brand=scope.brand, room=make_room(scope), member=make_member(scope))


def membership(scope):
    return {"membership_id": make_seat(scope).pk}


def read_position(scope):
    seat = make_seat(scope)
    return {"room_id": seat.room_id, "body": {"member": seat.member_id, "seq": 1}}


def make_rule(scope):
    policy(scope)
    with tenant(scope.brand.pk):
        return BuildRule.objects.create(
            brand=scope.brand,
            name=f"{scope.brand_canary} rule {next(number)}",
            kind="service",
            group_by=["dealer"],
            created_at=timezone.now(),
            updated_at=timezone.now(),
        )


def build_rule(scope):
    return {"rule_id": make_rule(scope).pk, "body": {"version": 1}}


def build_run(scope):
    """A preview ready to be confirmed, with one group of the scope's dealer."""
    rule = make_rule(scope)
    with tenant(scope.brand.pk):
        made = plan_run(rule_id=rule.pk, actor=scope.person, now=timezone.now())
        BuildGroup.objects.create(
            brand=scope.brand,
            run=made,
            group_no=1,
            key="k",
            label=f"{scope.canary} group",
            candidate_count=1,
        )
    return {"run_id": made.pk}


def candidates(scope):
    return build_run(scope) | {"query": "?group_no=1"}


def broadcast(scope):
    made = BroadcastFactory(
        brand=scope.brand, dealer=scope.dealer, name=f"{scope.canary} broadcast {next(number)}"
    )
    return {"broadcast_id": made.pk, "body": {"version": made.version}}


def sent_broadcast(scope):
    """A broadcast on its way, so that its room stands on the page too."""
    made = BroadcastFactory(
        brand=scope.brand,
        dealer=scope.dealer,
        name=f"{scope.canary} broadcast {next(number)}",
        body=f"{scope.canary} text",
        state="sending",
        scheduled_at=timezone.now(),
    )
    DeliveryFactory(brand=scope.brand, broadcast=made, room=make_room(scope))
    return {"broadcast_id": made.pk}


def picker(scope):
    """Communities to choose from."""
    make_community(scope)
    return {"field": "community_ids"}


def new_broadcast(scope):
    return {
        "name": "New",
        "purpose": "service",
        "body": "Hello",
        "audience": {"dealer_ids": [scope.dealer.pk]},
        "dealer": scope.dealer.pk,
    }


def new_community(scope):
    policy(scope)
    return {"kind": "service", "name": "New", "dealer": scope.dealer.pk}


def typed_broadcast(scope):
    """A draft as the console's form sends it."""
    audience = {"dealer_ids": [scope.dealer.pk], "community_ids": [make_room(scope).community_id]}
    return {"name": "New", "purpose": "service", "body": "Hello", "when": "now"} | audience


def new_room(scope):
    return {"community": make_community(scope).pk}


def new_seat(scope):
    """Of somebody who agreed to be invited."""
    invited = make_member(scope)
    with tenant(scope.brand.pk):
        Consent.objects.create(
            brand=scope.brand,
            member=invited,
            purpose=Consent.Purpose.COMMUNITY,
            version="1",
            given_at=timezone.now(),
        )
    return {"community": make_room(scope).community_id, "member": invited.pk}


def seat_by_hand(scope):
    return {"member": new_seat(scope)["member"], "role": "member"}


def new_rule(scope):
    policy(scope)
    tags = TagGroupFactory(brand=scope.brand)
    told = {"name": "New", "kind": "service", "segment": make_segment(scope).pk}
    return told | {"tag_group": tags.pk}


def typed_rule(scope):
    return new_rule(scope) | {"skip": BuildRule.Skip.SAME_KIND}


def new_run(scope):
    return {"rule": make_rule(scope).pk}


ROUTES = {
    "api:communities:policies-list": listing(dealers=False),
    "api:communities:policies-detail": listing(policy, dealers=False),
    "api:communities:communities-list": listing(refers=new_community),
    "api:communities:communities-detail": row(pk(community)),
    "api:communities:communities-archive": row(pk(community)),
    "api:communities:rooms-list": listing(refers=new_room),
    "api:communities:rooms-detail": row(pk(room)),
    "api:communities:memberships-list": listing(refers=new_seat),
    "api:communities:memberships-detail": row(pk(membership)),
    "api:communities:build-rules-list": listing(refers=new_rule),
    "api:communities:build-rules-detail": row(pk(build_rule)),
    "api:communities:build-runs-list": listing(refers=new_run),
    "api:communities:build-runs-detail": row(pk(build_run)),
    "api:communities:build-runs-confirm": row(pk(build_run)),
    "api:communities:build-runs-discard": row(pk(build_run)),
    "api:communities:build-groups-list": row(build_run),
    "api:communities:build-candidates-list": row(candidates),
    "api:communities:broadcasts-list": listing(refers=new_broadcast),
    "api:communities:broadcasts-detail": row(pk(broadcast)),
    "api:communities:broadcasts-cancel": row(pk(broadcast)),
    "api:communities:broadcasts-confirm": row(pk(broadcast)),
    "api:communities:broadcasts-dry-run": row(pk(broadcast)),
    "api:communities:broadcasts-pause": row(pk(broadcast)),
    "api:communities:broadcasts-report": row(pk(sent_broadcast)),
    "api:communities:broadcasts-resume": row(pk(broadcast)),
    "api:communities:deliveries-list": row(sent_broadcast),
    "api:communities:messages-list": row(message),
    "api:communities:read-position": row(read_position),
    "communities:communities-list": listing(),
    "communities:communities-new": listing(refers=new_community),
    "communities:communities-detail": row(community),
    "communities:communities-members": row(community),
    "communities:communities-policy": row(community),
    "communities:communities-builds": row(community),
    "communities:communities-audit": row(community),
    "communities:communities-edit": row(community),
    "communities:communities-archive": row(community),
    "communities:rooms-open": row(community),
    "communities:memberships-add": row(community, refers=seat_by_hand),
    "communities:rooms-detail": row(room),
    "communities:memberships-detail": row(membership),
    "communities:memberships-edit": row(membership),
    "communities:memberships-remove": row(membership),
    "communities:policies-list": listing(dealers=False),
    "communities:policies-edit": listing(policy, dealers=False),
    "communities:build-rules-list": listing(),
    "communities:build-rules-new": listing(refers=typed_rule),
    "communities:build-rules-example": listing(),
    "communities:build-rules-edit": row(build_rule),
    "communities:build-rules-archive": row(build_rule),
    "communities:build-rules-plan": row(build_rule),
    "communities:build-runs-list": listing(),
    "communities:build-runs-detail": row(build_run),
    "communities:build-runs-groups": row(build_run),
    "communities:build-runs-examples": row(build_run),
    "communities:build-runs-confirm": row(build_run),
    "communities:build-runs-discard": row(build_run),
    "communities:build-runs-export": row(build_run),
    "communities:broadcasts-list": listing(),
    "communities:broadcasts-new": listing(refers=typed_broadcast),
    "communities:broadcasts-trial": listing(refers=typed_broadcast),
    "communities:broadcasts-choices": listing(picker),
    "communities:broadcasts-detail": row(sent_broadcast),
    "communities:broadcasts-edit": row(broadcast),
    "communities:broadcasts-state": row(sent_broadcast),
    "communities:broadcasts-plan": row(broadcast),
    "communities:broadcasts-deliveries": row(sent_broadcast),
    "communities:broadcasts-report": row(sent_broadcast),
    "communities:broadcasts-confirm": row(broadcast),
    "communities:broadcasts-pause": row(sent_broadcast),
    "communities:broadcasts-resume": row(sent_broadcast),
    "communities:broadcasts-cancel": row(sent_broadcast),
    "communities:chat-room": row(room),
    "communities:chat-older": row(room),
    "communities:chat-newer": row(room),
    "communities:chat-post": row(message),
}
