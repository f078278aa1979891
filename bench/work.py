"""Rows for the pages of work that was done: a community, a broadcast, an import, a merge.

As many in every brand, whatever its size, and made by the services themselves. Of events and
points the demonstration's, more in a large brand.
"""

import io
from datetime import timedelta

from django.utils import timezone

from communities.broadcasts import delivering, drafts
from communities.broadcasts import services as broadcasts
from communities.broadcasts.audience import Audience
from communities.chat import services as chat
from communities.communities.models import Community
from communities.group_building import services as building
from communities.policies.services import install_default_policies
from communities.rooms.models import Room
from core.kernel.access import Viewer, system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.runs import services as runs
from integrations.demo import events, points
from members.imports import services as imports
from members.merging import services as merging
from members.privacy.models import Consent
from members.profiles.models import Member
from members.segments import services as segments
from members.snapshots import services as snapshots
from members.tags import by_hand as tagging
from members.tags import services as tags

PEOPLE, LONG = 40, timedelta(minutes=10)
NAME = "bench"


def leave_in(brand: Brand) -> None:
    """Tag a few people, build a community of them, write to it; import, merge and undo."""
    actor = system_viewer(brand.pk)
    with tenant(brand.pk):
        if Community.objects.filter(brand_id=brand.pk).exists():
            return
        build_id = _ask(brand, actor)
    _work(brand)
    with tenant(brand.pk):
        building.confirm_run(run_id=build_id, actor=actor, now=timezone.now())
    _work(brand)
    _write(brand, actor)
    _bring_in(brand, actor)
    events.build(brand_id=brand.pk, clock=timezone.now)
    points.move(brand_id=brand.pk, now=timezone.now())
    with tenant(brand.pk):
        newest, other = Member.objects.filter(brand_id=brand.pk).order_by("-pk")[:2]
        merge = merging.merge_members(
            winner_id=newest.pk, loser_id=other.pk, actor=actor, now=timezone.now()
        )
        # As many members as before, so that no other table counts one less.
        merging.undo_merge(merge=merge, actor=actor, now=timezone.now())


def _ask(brand: Brand, actor: Viewer) -> int:
    """Leave a snapshot and a build run of a few who agreed to be invited; return the run."""
    now = timezone.now()
    install_default_policies(brand=brand, actor=actor, now=now)
    agreed = Consent.objects.filter(
        brand_id=brand.pk, purpose=Consent.Purpose.COMMUNITY, withdrawn_at=None
    )
    group = tags.create_group(name=NAME, is_exclusive=False, actor=actor, now=now)
    tag = tags.create_tag(group=group, name=NAME, actor=actor, now=now)
    people = list(agreed.order_by("pk").values_list("member_id", flat=True)[:PEOPLE])
    tagging.tag_members(tag=tag, member_ids=people, actor=actor, now=now)
    tree = {"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]}
    segment = segments.create_segment(name=NAME, tree=tree, actor=actor, now=now)
    snapshots.take_snapshot(segment=segment, actor=actor, now=now)
    wanted = building.RuleWanted(name=NAME, kind="service", segment_id=segment.pk, topic=NAME)
    rule = building.create_rule(wanted=wanted, actor=actor, now=now)
    return building.plan_run(rule_id=rule.pk, actor=actor, now=now).pk


def _work(brand: Brand) -> None:
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=LONG)


def _write(brand: Brand, actor: Viewer) -> None:
    with tenant(brand.pk):
        room = Room.objects.filter(brand_id=brand.pk).latest("pk")
        said = drafts.Draft(
            name=NAME, purpose="service", body=NAME, audience=Audience(kinds=("service",))
        )
        broadcast = broadcasts.save_draft(draft=said, actor=actor, now=timezone.now())
    chat.post_message(room_id=room.pk, body=NAME, actor=actor, now=timezone.now())
    broadcasts.confirm(broadcast_id=broadcast.pk, actor=actor, now=timezone.now())
    delivering.deliver_due(brand_id=brand.pk, now=timezone.now(), budget=LONG)


def _bring_in(brand: Brand, actor: Viewer) -> None:
    """Import people who are known already, and one row that is refused."""
    with tenant(brand.pk):
        rows = Member.objects.filter(brand_id=brand.pk, customer_no__isnull=False)
        known = list(rows.order_by("pk").values_list("customer_no", "display_name")[:PEOPLE])
    lines = ["客户编号,姓名,性别", *(f"{number},{name}," for number, name in known), "X-1,,?"]
    file = io.BytesIO("\n".join(lines).encode())
    job = imports.receive_file(
        file=file, name="bench.csv", subject="members", actor=actor, now=timezone.now()
    )
    with tenant(brand.pk):
        imports.start_import(
            job_id=job.pk,
            mapping=job.mapping,
            options={},
            is_dry_run=False,
            actor=actor,
            now=timezone.now(),
        )
    _work(brand)
