"""Entries of policies, communities, rooms, memberships and group building."""

from __future__ import annotations

from django.utils import timezone

from communities.group_building import services
from communities.group_building.models import BuildRun
from communities.group_building.services import RuleWanted
from communities.policies.services import install_default_policies
from core.kernel.scoping import tenant
from members.segments.models import Segment
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.members import MemberFactory
from tests.tenancy.samples import listing, row


def policy(scope):
    """The brand's own, whoever asks: a kind is no number of a row."""
    with tenant(scope.brand.pk):
        install_default_policies(brand=scope.brand, actor=scope.actor, now=timezone.now())
    return {"kind": "service", "body": {"policy_version": 1}}


def made_community(scope):
    policy(scope)
    return CommunityFactory(
        brand=scope.brand, dealer=scope.dealer, name=f"{scope.canary} community"
    )


def community(scope):
    made = made_community(scope)
    return {"community_id": made.pk}


def api_community(scope):
    made = made_community(scope)
    return {"pk": made.pk, "body": {"version": made.version, "name": made.name}}


def archived_community(scope):
    made = made_community(scope)
    return {"pk": made.pk, "body": {"name": made.name}}


def new_community(scope):
    return {"kind": "service", "dealer": scope.dealer.pk}


def made_room(scope):
    return RoomFactory(
        brand=scope.brand, community=made_community(scope), name=f"{scope.canary} room"
    )


def room(scope):
    return {"room_id": made_room(scope).pk}


def new_room(scope):
    return {"community": made_community(scope).pk}


def made_seat(scope):
    member = MemberFactory(
        brand=scope.brand, home_dealer=scope.dealer, display_name=f"{scope.canary} member"
    )
    return MembershipFactory(brand=scope.brand, room=made_room(scope), member=member)


def new_seat(scope):
    seat = made_seat(scope)
    return {"community": seat.community_id, "member": seat.member_id}


def made_rule(scope):
    policy(scope)
    with tenant(scope.brand.pk):
        return services.create_rule(
            wanted=RuleWanted(
                name=f"{scope.canary} rule {timezone.now().timestamp()}",
                kind="service",
                group_by=("dealer",),
            ),
            actor=scope.actor,
            now=timezone.now(),
        )


def rule(scope):
    return {"rule_id": made_rule(scope).pk}


def api_rule(scope):
    return {"pk": made_rule(scope).pk, "body": {"version": 1}}


def new_rule(scope):
    now = timezone.now()
    with tenant(scope.brand.pk):
        segment = Segment.objects.create(
            brand=scope.brand,
            name=f"{scope.canary} {now.timestamp()}",
            tree={},
            created_at=now,
            updated_at=now,
        )
    return {"name": "New", "kind": "service", "segment": segment.pk}


def made_run(scope):
    made = made_rule(scope)
    with tenant(scope.brand.pk):
        run = services.plan_run(rule_id=made.pk, actor=scope.actor, now=timezone.now())
        BuildRun.objects.filter(pk=run.pk).update(state=BuildRun.State.PREVIEWED)
    return run


def run(scope):
    return {"run_id": made_run(scope).pk}


ROUTES = {
    "communities:communities-list": listing(),
    "communities:communities-new": listing(),
    "communities:communities-detail": row(community),
    "communities:communities-members": row(community),
    "communities:communities-policy": row(community),
    "communities:communities-builds": row(community),
    "communities:communities-audit": row(community),
    "communities:communities-edit": row(community),
    "communities:communities-archive": row(community),
    "communities:rooms-open": row(community),
    "communities:memberships-add": row(community),
    "communities:rooms-detail": row(room),
    "communities:memberships-detail": row(lambda s: {"membership_id": made_seat(s).pk}),
    "communities:memberships-edit": row(lambda s: {"membership_id": made_seat(s).pk}),
    "communities:memberships-remove": row(lambda s: {"membership_id": made_seat(s).pk}),
    "communities:policies-list": listing(dealers=False),
    "communities:policies-edit": listing(policy, dealers=False),
    "communities:build-rules-list": listing(),
    "communities:build-rules-new": listing(),
    "communities:build-rules-example": listing(),
    "communities:build-rules-edit": row(rule),
    "communities:build-rules-archive": row(rule),
    "communities:build-rules-plan": row(rule),
    "communities:build-runs-list": listing(),
    "communities:build-runs-detail": row(run),
    "communities:build-runs-groups": row(run),
    "communities:build-runs-examples": row(run),
    "communities:build-runs-confirm": row(run),
    "communities:build-runs-discard": row(run),
    "communities:build-runs-export": row(run),
    "api:communities:policies-list": listing(dealers=False),
    "api:communities:policies-detail": listing(policy, dealers=False),
    "api:communities:communities-list": listing(refers=new_community),
    "api:communities:communities-detail": row(api_community),
    "api:communities:communities-archive": row(archived_community),
    "api:communities:rooms-list": listing(refers=new_room),
    "api:communities:rooms-detail": row(lambda s: {"pk": made_room(s).pk}),
    "api:communities:memberships-list": listing(refers=new_seat),
    "api:communities:memberships-detail": row(lambda s: {"pk": made_seat(s).pk, "body": {}}),
    "api:communities:build-rules-list": listing(refers=new_rule),
    "api:communities:build-rules-detail": row(api_rule),
    "api:communities:build-runs-list": listing(refers=lambda s: {"rule": made_rule(s).pk}),
    "api:communities:build-runs-detail": row(lambda s: {"pk": made_run(s).pk}),
    "api:communities:build-runs-confirm": row(lambda s: {"pk": made_run(s).pk}),
    "api:communities:build-runs-discard": row(lambda s: {"pk": made_run(s).pk}),
    "api:communities:build-groups-list": row(run),
    "api:communities:build-candidates-list": row(run),
}
