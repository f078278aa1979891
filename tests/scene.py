"""A brand as it looks after a week of work, made by the services the console itself calls."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.db.models import Count
from django.http import QueryDict
from django.test import override_settings
from django.utils import timezone

from communities.broadcasts import services as broadcasts
from communities.broadcasts.delivering import deliver_due
from communities.broadcasts.drafts import Audience, Draft
from communities.chat.services import post_message
from communities.group_building import services as building
from communities.memberships.models import Membership
from communities.policies.services import install_default_policies
from core.audit.models import AuditEntry
from core.exports import rules
from core.exports import services as exports
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.runs.models import Run
from core.runs.services import work_due
from core.staff.models import Staff
from core.staff.selectors import viewer_of_staff
from integrations.demo import events, plan, points
from integrations.demo import services as demo
from members.erasure import services as erasure
from members.imports import services as imports
from members.live import services as live
from members.profiles.models import Member
from members.segments.models import Segment
from members.snapshots import services as snapshots
from tests import scene_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.kernel.access import Viewer

MEMBERS = 360
BUDGET = timedelta(seconds=60)
UPLOAD = (
    "姓名,手机号,城市,生日\n林可欣,13811112222,杭州市,1990-05-01\n"
    "陈子墨,1381111,杭州市,1988-13-40\n周以安,13811114444,济南市,\n"
)


@dataclass(frozen=True)
class Scene:
    """A brand, the HQ admin who looks at it, and the rows that addresses name."""

    brand: Brand
    admin: Staff
    rows: dict[str, Any]  # by the name of an address's argument
    rows_of: dict[str, dict[str, Any]]  # the same, for routes whose arguments mean another row

    def arguments(self, name: str, wanted: list[str]) -> dict[str, Any]:
        """Return what the address of a route needs; KeyError for an argument unknown here."""
        known = self.rows | self.rows_of.get(name, {})
        return {argument: known[argument] for argument in wanted}


@contextmanager
def committed_scene(blocker: Any, files: Path) -> Iterator[Scene]:
    """Make a scene once for all tests of a module; it is committed, and emptied at the end."""
    folders = {"FILES_DIR": files, "AUDIT_ANCHOR_DIR": files / "anchors"}
    with override_settings(**folders), left_empty(blocker):
        yield make_scene()


@contextmanager
def left_empty(blocker: Any) -> Iterator[None]:
    """Let what happens inside commit; empty the tables afterwards."""
    with blocker.unblock():
        try:
            yield
        finally:
            empty()
            connections.close_all()  # Also those of Playwright's context; the database goes next.


def empty(attempts: int = 5) -> None:
    """Empty the tables; a request of a tab that is gone may still be at them for a moment."""
    options = {"inhibit_post_migrate": True, "reset_sequences": False}
    try:
        call_command("flush", verbosity=0, interactive=False, **options)
    except (CommandError, DatabaseError):
        if attempts == 1:
            raise
        time.sleep(1)
        empty(attempts - 1)


def make_scene() -> Scene:
    """Seed a brand, let it build groups, send a broadcast, bring a file in; leave one of each."""
    call_command("load_divisions", verbosity=0, stdout=io.StringIO())
    brand_id = demo.seed(
        plan=plan.Plan(plan.MAIN_BRAND, MEMBERS), now=timezone.now(), say=lambda _step: None
    ).brand_id
    connections["owner"].close()  # The test database cannot be dropped while it stays open.
    brand, admin = Brand.objects.get(pk=brand_id), Staff.objects.get(username="admin")
    with tenant(brand_id):
        actor = viewer_of_staff(staff_id=admin.pk)
        install_default_policies(brand=brand, actor=actor, now=timezone.now())
    events.build(brand_id=brand_id, clock=timezone.now)
    built, previewed, rule_id = _build(actor)
    job_id, waiting_job = _import(actor)
    snapshot_id = _snapshots(actor)
    erasure_id, waiting_erasure = _erasures(actor)
    sent, draft = _broadcast(actor)
    points.move(brand_id=brand_id, now=timezone.now())
    with tenant(brand_id):
        rows = scene_rows.organization() | scene_rows.people(actor) | scene_rows.places()
        rows |= scene_rows.cars_and_twins(actor)
        rows |= {"rule_id": rule_id, "broadcast_id": sent, "job_id": job_id}
        rows["snapshot_id"], rows["erasure_id"] = snapshot_id, erasure_id
        rows |= {"subject": "members", "kind": "service", "subject_type": "staff"}
        rows |= {"field": "dealer_ids"}
        rows |= {"purpose": "marketing", "act": "give"}
        task = Run.objects.filter(state=Run.State.SUCCEEDED).latest("pk").pk
        rows |= {"run_id": task, "subject_id": admin.pk}
        rows["entry_id"] = AuditEntry.objects.latest("pk").pk
    post_message(
        room_id=rows["room_id"],
        body="大家好，本周六上午十点门店有充电桩使用讲解，欢迎带家人一起来。",
        actor=actor,
        now=timezone.now(),
    )
    rows["request_id"] = _exports(actor)
    meanings = _other_meanings(built, previewed, draft)
    meanings["members:tags-delete"] = {"tag_id": rows["free_tag_id"]}
    meanings["members:imports-columns"] = {"job_id": waiting_job}
    meanings["core:retention-edit"] = {"kind": "message"}
    meanings["members:erasures-withdraw"] = {"erasure_id": waiting_erasure}
    with tenant(brand_id):
        meanings |= scene_rows.movements()
    return Scene(brand, admin, rows, meanings)


def _other_meanings(built: int, previewed: int, draft: int) -> dict[str, dict[str, Any]]:
    of_run = [f"communities:build-runs-{view}" for view in ("detail", "groups", "examples")]
    meanings: dict[str, dict[str, Any]] = {name: {"run_id": built} for name in of_run}
    meanings["communities:build-runs-confirm"] = {"run_id": previewed}
    meanings["communities:build-runs-discard"] = {"run_id": previewed}
    for view in ("edit", "plan", "confirm", "cancel"):
        meanings[f"communities:broadcasts-{view}"] = {"broadcast_id": draft}
    return meanings


def _work(actor: Viewer) -> None:
    work_due(brand_id=actor.brand_id, clock=timezone.now, budget=BUDGET)


def _build(actor: Viewer) -> tuple[int, int, int]:
    """One run that placed people, and one that waits for a confirmation."""
    wanted = [
        building.RuleWanted(name="按城市建服务群", kind="service", group_by=("city",)),
        building.RuleWanted(name="复购车主转化群", kind="conversion", group_by=("dealer",)),
    ]
    runs = []
    for one in wanted:
        with tenant(actor.brand_id):
            rule = building.create_rule(wanted=one, actor=actor, now=timezone.now())
            runs.append(building.plan_run(rule_id=rule.pk, actor=actor, now=timezone.now()))
        _work(actor)
    with tenant(actor.brand_id):
        building.confirm_run(run_id=runs[0].pk, actor=actor, now=timezone.now())
    _work(actor)
    return runs[0].pk, runs[1].pk, runs[0].rule_id


def _import(actor: Viewer) -> tuple[int, int]:
    """A file of three rows, one of them wrong; and another whose columns are not mapped yet."""
    job, waiting = (
        imports.receive_file(
            file=io.BytesIO(UPLOAD.encode()),
            name=name,
            subject="members",
            actor=actor,
            now=timezone.now(),
        )
        for name in ("四月到店客户.csv", "五月到店客户.csv")
    )
    with tenant(actor.brand_id):
        imports.start_import(
            job_id=job.pk,
            mapping=job.mapping,
            options=job.options,
            is_dry_run=False,
            actor=actor,
            now=timezone.now(),
        )
    _work(actor)
    return job.pk, waiting.pk


def _snapshots(actor: Viewer) -> int:
    """Two of the first segment; the second says what changed since the first."""
    for _time in range(2):
        with tenant(actor.brand_id):
            segment = Segment.objects.order_by("pk").first()
            made = snapshots.take_snapshot(segment=segment, actor=actor, now=timezone.now())
        _work(actor)
    with tenant(actor.brand_id):
        live.switch_on(segment=segment, actor=actor, now=timezone.now())
        live.refresh(brand_id=actor.brand_id, now=timezone.now())
    return made.pk


def _exports(actor: Viewer) -> int:
    """One that its requester may take alone, and a colleague's that awaits a second person."""
    colleague = viewer_of_staff(staff_id=Staff.objects.get(username="operator").pk)
    with tenant(actor.brand_id):
        by_stage = Member.objects.values("stage").annotate(people=Count("pk")).order_by("people")
        rarest = f"stage={by_stage[0]['stage']}"
    for viewer, filters in ((actor, rarest), (colleague, "")):
        with tenant(actor.brand_id):
            run = exports.start_export(
                list_key="members",
                query=QueryDict(filters),
                columns=["name"],
                file_format=FileFormat.CSV,
                actor=viewer,
                now=timezone.now(),
            )
        with patch.object(rules, "ALONE", MEMBERS // 3):
            _work(actor)
    with tenant(actor.brand_id):
        return ExportRequest.objects.get(run_id=run.pk).pk


def _erasures(actor: Viewer) -> tuple[int, int]:
    """Somebody with a seat from a build run who was deleted, and somebody who waits for it."""
    made = []
    with tenant(actor.brand_id):
        seats = Membership.objects.filter(build_run_id__isnull=False).order_by("-pk")
        people = Member.objects.filter(pk__in=seats.values("member_id")[:1]).order_by("pk")
        buyers = Member.objects.filter(orders__isnull=False).exclude(pk=people[0].pk)
        people = [people[0], buyers.order_by("-pk")[0]]
    for person, days in zip(people, (0, 7), strict=True):
        with tenant(actor.brand_id):
            now = timezone.now()
            erasure.change_grace(days=days, actor=actor, now=now)
            asked = erasure.request_erasure(
                member=person,
                typed_name=person.display_name,
                reason="asked",
                note="",
                actor=actor,
                now=now,
            )
            made.append(asked.pk)
        _work(actor)
    return made[0], made[1]


def _broadcast(actor: Viewer) -> tuple[int, int]:
    """One that went out, and a draft."""
    drafts = [
        Draft(
            name="四月保养提醒", purpose="service", body="{room}的各位车主，四月保养套餐开放预约。"
        ),
        Draft(
            name="五一试驾邀请",
            purpose="service",
            body="五一假期试驾日，欢迎来店。",
            audience=Audience(kinds=("service",)),
        ),
    ]
    made = []
    for one in drafts:
        with tenant(actor.brand_id):
            made.append(broadcasts.save_draft(draft=one, actor=actor, now=timezone.now()).pk)
    broadcasts.confirm(broadcast_id=made[0], actor=actor, now=timezone.now())
    deliver_due(brand_id=actor.brand_id, now=timezone.now(), budget=BUDGET)
    return made[0], made[1]
