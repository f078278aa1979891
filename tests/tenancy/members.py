"""Entries of members. Segments are the brand's; members and orders are a dealer's."""

from __future__ import annotations

from itertools import count

from django.utils import timezone

from core.files import services as files
from core.kernel.scoping import tenant
from core.runs.models import Run
from members.custom_fields.models import CustomField, CustomValue
from members.imports.models import ImportJob, ImportRejection
from members.lifecycle.models import StageChange
from members.live.models import LiveSegment
from members.orders.models import Order
from members.segments.models import Segment
from members.snapshots.models import Snapshot, SnapshotBatch
from tests.factories.members import (
    MemberFactory,
)
from tests.tenancy.samples import listing, pk, row

number = count(1)
# Who this selects, and so whom pages of segments may show, is everybody in scope.
EVERYBODY = {"op": "all", "items": []}


def make_member(scope):
    return MemberFactory(
        brand=scope.brand, home_dealer=scope.dealer, display_name=f"{scope.canary} {next(number)}"
    )


def member(scope):
    return {"member_id": make_member(scope).pk}


def order(scope):
    with tenant(scope.brand.pk):
        made = Order.objects.create(
            brand=scope.brand,
            member=make_member(scope),
            order_no=f"{scope.canary}-{next(number)}",
            ordered_at=timezone.now(),
            amount_fen=100,
        )
    return {"order_id": made.pk}


def make_segment(scope):
    with tenant(scope.brand.pk):
        return Segment.objects.create(
            brand=scope.brand,
            name=f"{scope.brand_canary} segment {next(number)}",
            tree=EVERYBODY,
            created_at=timezone.now(),
            updated_at=timezone.now(),
        )


def segment(scope):
    return {"segment_id": make_segment(scope).pk}


def make_snapshot(scope, segment=None):
    """A snapshot that was taken, of one member of the scope."""
    segment, person, now = segment or make_segment(scope), make_member(scope), timezone.now()
    with tenant(scope.brand.pk):
        made = Snapshot.objects.create(
            brand=scope.brand,
            segment=segment,
            number=next(number),
            tree=EVERYBODY,
            member_count=1,
            taken_at=now,
            created_by_label=f"{scope.brand_canary} somebody",
            created_at=now,
        )
        SnapshotBatch.objects.create(
            brand=scope.brand,
            snapshot=made,
            bucket=person.pk // SnapshotBatch.SIZE,
            people=1,
            member_ids=[person.pk],
        )
    return made


def snapshot(scope):
    return {"snapshot_id": make_snapshot(scope).pk}


def snapshots_of_segment(scope):
    return {"segment_id": make_snapshot(scope).segment_id}


def two_snapshots(scope):
    later = make_snapshot(scope)
    earlier = make_snapshot(scope, later.segment)
    return {
        "segment_id": later.segment_id,
        "query": f"?later={later.pk}&earlier={earlier.pk}",
    }


def snapshot_and_other(scope):
    later = make_snapshot(scope)
    return {"pk": later.pk, "other": make_snapshot(scope, later.segment).pk}


def snapshot_side(scope):
    return snapshot_and_other(scope) | {"side": "plus"}


def segment_and_member(scope):
    return {"pk": make_segment(scope).pk, "member": make_member(scope).pk}


def new_snapshot(scope):
    return {"segment": make_segment(scope).pk}


def live_segment(scope):
    segment, now = make_segment(scope), timezone.now()
    with tenant(scope.brand.pk):
        LiveSegment.objects.create(brand=scope.brand, segment=segment, since=1, created_at=now)
    return {"segment_id": segment.pk}


def segments_to_archive(scope):
    return {"sure": "1", "id": [make_segment(scope).pk]}


def import_job(scope):
    now = timezone.now()
    upload = files.store_upload(
        brand_id=scope.brand.pk,
        name=f"{scope.canary}.csv",
        chunks=[b"name\n"],
        limit_bytes=10,
        needs=None,
        actor=scope.person,
        now=now,
    )
    with tenant(scope.brand.pk):
        run = Run.objects.create(
            brand=scope.brand,
            kind="sample",
            title=f"{scope.canary} import",
            requested_by_id=scope.staff.pk,
            requested_by_label=scope.staff.display_name,
            claimable_at=now,
            created_at=now,
        )
        job = ImportJob.objects.create(
            brand=scope.brand, run=run, file=upload, subject="member", created_at=now
        )
        ImportRejection.objects.create(
            brand=scope.brand, job=job, row_number=2, code="phone", reason=f"{scope.canary} reason"
        )
    return {"job_id": job.pk}


def make_field(scope):
    """A field of the brand in which one member of the scope has a value."""
    holder, n = make_member(scope), next(number)
    with tenant(scope.brand.pk):
        made = CustomField.objects.create(
            brand=scope.brand,
            key=f"f{n}",
            label=f"{scope.brand_canary} field {n}",
            kind="text",
            created_at=timezone.now(),
        )
        CustomValue.objects.create(brand=scope.brand, member=holder, field=made, text="x")
    return made


def custom_field(scope):
    return {"field_id": make_field(scope).pk}


def new_member(scope):
    return {"display_name": "New", "home_dealer": scope.dealer.pk, "stage": "prospect"}


def changed_member(scope):
    return new_member(scope) | {"version": 1}


def new_order(scope):
    return {
        "order_no": "NEW-1",
        "member": make_member(scope).pk,
        "ordered_at": "2026-01-01T00:00:00+08:00",
        "amount_fen": 1,
    }


def stage_change(scope):
    moved = make_member(scope)
    with tenant(scope.brand.pk):
        made = StageChange.objects.create(
            brand=scope.brand,
            member=moved,
            from_stage="growth",
            to_stage="prospect",
            reason="manual",
            note=f"{scope.canary} note",
            policy_version=0,
            at=timezone.now(),
            author_label=scope.brand_canary,
        )
    return {"change_id": made.pk}


def new_stage_change(scope):
    return {"member": make_member(scope).pk, "to_stage": "growth", "note": "New"}


def import_key(scope):
    return {"job_id": next(iter(import_job(scope).values()))}


ROUTES = {
    "api:members:custom-fields-list": listing(dealers=False),
    "api:members:custom-fields-detail": row(pk(custom_field), dealers=False),
    "api:members:custom-fields-restore": row(pk(custom_field), dealers=False),
    "api:members:custom-fields-counts": listing(),
    "members:custom-fields-list": listing(),
    "members:custom-fields-new": listing(),
    "members:custom-fields-counts": listing(),
    "members:custom-fields-edit": row(custom_field, dealers=False),
    "members:custom-fields-move": row(custom_field, dealers=False),
    "members:custom-fields-archive": row(custom_field, dealers=False),
    "api:members:imports-list": listing(),
    "api:members:imports-detail": row(pk(import_job)),
    "api:members:imports-rejections": row(pk(import_job)),
    "api:members:imports-warnings": row(pk(import_job)),
    "api:members:imports-start": row(pk(import_job)),
    "api:members:lifecycle-stages": listing(),
    "api:members:lifecycle-flows": listing(),
    "api:members:lifecycle-rules": listing(),
    "api:members:lifecycle-preview": listing(),
    "api:members:lifecycle-apply": listing(),
    "api:members:stage-changes-list": listing(refers=new_stage_change),
    "api:members:stage-changes-detail": row(pk(stage_change)),
    "api:members:members-list": listing(refers=new_member),
    "api:members:members-detail": row(pk(member), refers=changed_member),
    "api:members:members-timeline": row(member),
    "api:members:orders-list": listing(refers=new_order),
    "api:members:orders-detail": row(pk(order)),
    "api:members:segments-list": listing(dealers=False),
    "api:members:segments-count": listing(),
    "api:members:segments-sample": listing(),
    "api:members:segments-detail": row(pk(segment), dealers=False),
    "api:members:segments-schema": listing(),
    "api:members:segments-explain": row(segment_and_member),
    "api:members:segment-snapshots-list": listing(dealers=False, refers=new_snapshot),
    "api:members:segment-snapshots-detail": row(pk(snapshot)),
    "api:members:segment-snapshots-members": row(pk(snapshot)),
    "api:members:segment-snapshots-against": row(snapshot_and_other),
    "api:members:segment-snapshots-side": row(snapshot_side),
    "api:members:segments-live": row(pk(segment), dealers=False),
    "api:members:segments-live-members": row(pk(live_segment)),
    "api:members:segments-archive": row(pk(segment), dealers=False),
    "api:members:segments-restore": row(pk(segment), dealers=False),
    "api:members:segments-recount": row(pk(segment), dealers=False),
    "members:imports-list": listing(),
    "members:imports-new": listing(),
    "members:imports-template": listing(lambda _scope: {"subject": "members"}),
    "members:imports-detail": row(import_key),
    "members:imports-columns": row(import_key),
    "members:imports-start": row(import_key),
    "members:imports-retry": row(import_key),
    "members:lifecycle-board": listing(),
    "members:lifecycle-stages": listing(),
    "members:lifecycle-flows": listing(),
    "members:lifecycle-rules": listing(),
    "members:lifecycle-apply": listing(),
    "members:lifecycle-change": row(member),
    "members:lifecycle-history": row(member),
    "members:members-list": listing(),
    "members:members-new": listing(refers=new_member),
    "members:members-detail": row(member),
    "members:members-edit": row(member, refers=changed_member),
    "members:members-orders": row(member),
    "members:timeline": row(member),
    "members:tags-of-member": row(member),
    "members:segments-list": listing(),
    "members:segments-new": listing(),
    "members:segments-archive-several": listing(refers=segments_to_archive, dealers=False),
    "members:segments-count": listing(),
    "members:segments-options": listing(),
    "members:segments-detail": row(segment, dealers=False),
    "members:segments-edit": row(segment, dealers=False),
    "members:segments-people": row(segment, dealers=False),
    "members:segments-explain": row(segment, dealers=False),
    "members:live-state": row(segment, dealers=False),
    "members:live-switch": row(segment, dealers=False),
    "members:segments-recount": row(segment, dealers=False),
    "members:segments-archive": row(segment, dealers=False),
    "members:snapshots-list": row(snapshots_of_segment),
    "members:snapshots-take": row(snapshots_of_segment),
    "members:snapshots-compare": row(two_snapshots),
    "members:snapshots-delete": row(snapshot),
}
