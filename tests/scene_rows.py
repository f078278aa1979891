"""One row of each kind of the scene, to fill the addresses of pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils import timezone

from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.api_keys.services import create_api_key
from core.files.services import store_upload
from core.kernel.access import Permission
from core.organizations.models import Dealer, Region, Store
from core.saved_views.services import save_view
from core.staff.models import RoleGrant, Staff
from events.points.models import PointsEntry
from events.registrations.models import Registration
from members.custom_fields.models import CustomField
from members.duplicates.models import DuplicatePair
from members.identities.models import Identity
from members.merging.services import merge_members
from members.profiles.models import Member
from members.revealing.services import reveal
from members.segments.models import Segment
from members.tags import services as tags
from members.tags.models import TagAct
from members.vehicles import services as vehicles
from members.vehicles.models import Ownership

if TYPE_CHECKING:
    from core.kernel.access import Viewer


def organization() -> dict[str, Any]:
    staff = Staff.objects.get(username="dealer")
    dealer = Dealer.objects.first()
    return {
        "region_id": Region.objects.first().pk,
        "dealer_id": dealer.pk,
        "store_id": Store.objects.first().pk,
        "staff_id": staff.pk,
        "grant_id": RoleGrant.objects.get(staff=staff).pk,
    }


def people(actor: Viewer) -> dict[str, Any]:
    """A member with orders, a tag with a group of its own, a segment, a key, a file."""
    now = timezone.now()
    group = tags.create_group(name="看车意向", is_exclusive=True, actor=actor, now=now)
    tag = tags.create_tag(group=group, name="本周到店", actor=actor, now=now)
    free_tag = tags.create_tag(group=group, name="下周到店", actor=actor, now=now)
    members = list(Member.objects.filter(orders__isnull=False).order_by("pk").distinct()[:12])
    tags.tag_members(tag=tag, member_ids=[m.pk for m in members], actor=actor, now=now)
    tree = Segment.objects.order_by("pk").first().tree
    tags.save_rule(tag=tag, tree=tree, is_active=True, actor=actor, now=now)
    key, _secret = create_api_key(
        name="商城同步",
        permissions=[Permission.MEMBERS_VIEW],
        expires_at=now + timedelta(days=90),
        actor=actor,
        now=now,
    )
    file = store_upload(
        brand_id=actor.brand_id,
        name="名单.csv",
        chunks=[b"1"],
        limit_bytes=10,
        needs=None,
        actor=actor,
        now=now,
    )
    view = save_view(
        list_key="members",
        name="成长期车主",
        query=QueryDict("stage=growth"),
        is_shared=True,
        actor=actor,
        now=now,
    )
    why = {"reason": "service", "note": "维修完成，通知取车"}
    reveal(member=members[0], field="phone", **why, actor=actor, now=now)
    return {
        "member_id": members[0].pk,
        "view_id": view.pk,
        "group_id": group.pk,
        "tag_id": tag.pk,
        "free_tag_id": free_tag.pk,
        "act_id": TagAct.objects.filter(source=TagAct.Source.MANUAL).latest("pk").pk,
        "segment_id": Segment.objects.order_by("pk").first().pk,
        "field_id": CustomField.objects.order_by("pk").first().pk,
        "key_id": key.pk,
        "file_id": file.pk,
    }


def cars_and_twins(actor: Viewer) -> dict[str, Any]:
    """A car with a history, a merge, a pair to judge, and two who could be merged."""
    now, today = timezone.now(), timezone.localdate()
    held = Ownership.objects.filter(ended_on=None).order_by("pk").first()
    for days, km in ((60, 60_000), (30, 61_200)):
        vehicles.record_visit(
            vehicle=held.vehicle,
            visited_on=today - timedelta(days=days),
            kind="maintenance",
            mileage_km=(held.vehicle.mileage_km or 0) + km,
            amount_fen=880_00,
            actor=actor,
            now=now,
        )
    spare = list(Member.objects.filter(orders=None).order_by("-pk")[:6])
    merge = merge_members(
        winner_id=spare[0].pk, loser_id=spare[1].pk, reason="同一人", actor=actor, now=now
    )
    first, second = sorted([spare[2].pk, spare[3].pk])
    pair = DuplicatePair.objects.create(
        brand_id=actor.brand_id,
        first_id=first,
        second_id=second,
        score=80,
        reasons=["name_tail"],
        found_at=now,
    )
    return {
        "vehicle_id": held.vehicle_id,
        "model_id": held.vehicle.model_id,
        "ownership_id": held.pk,
        "identity_id": Identity.objects.filter(brand_id=actor.brand_id).latest("pk").pk,
        "merge_id": merge.pk,
        "pair_id": pair.pk,
        "winner_id": spare[4].pk,
        "loser_id": spare[5].pk,
    }


def places() -> dict[str, Any]:
    coming = Registration.objects.filter(state="registered", event__ends_at__gt=timezone.now())
    # Of an event that several come to, whatever day it is.
    registration = coming.order_by("-event__taken", "-pk").first()
    room = Room.objects.order_by("-member_count").first()
    return {
        "community_id": Community.objects.get(pk=room.community_id).pk,
        "room_id": room.pk,
        "event_id": registration.event_id,
        "registration_id": registration.pk,
        "membership_id": Membership.objects.filter(room=room).first().pk,
    }


def movements() -> dict[str, dict[str, Any]]:
    """What somebody spent, which can be reversed, and an earning that waits."""
    spent = PointsEntry.objects.filter(kind="spend").latest("pk")
    waiting = PointsEntry.objects.filter(state="pending").latest("pk")
    return {
        "events:points-reverse": {"entry_id": spent.pk},
        "events:points-settle": {"entry_id": waiting.pk, "act": "confirm"},
    }
