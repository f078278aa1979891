"""Entries of config and core."""

from __future__ import annotations

from itertools import count
from urllib.parse import urlencode

from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from core.api_keys.services import create_api_key
from core.audit.models import AuditEntry
from core.audit.services import record
from core.exports.models import ExportRequest
from core.exports.rules import HOLDS_FOR
from core.files import services as files
from core.kernel.access import Permission
from core.kernel.scoping import tenant
from core.runs.models import Run
from core.saved_views.services import save_view
from core.sign_in.rules import ref_of
from tests.factories.members import MemberFactory
from tests.tenancy.samples import listing, own, pk, public, row
from tests.tenancy.world import BACKEND

number = count(1)


def stored_file(scope):
    """An upload of the scope's person."""
    file = files.store_upload(
        brand_id=scope.brand.pk,
        name=f"{scope.canary}.csv",
        chunks=[b"1"],
        limit_bytes=10,
        needs=None,
        actor=scope.person,
        now=timezone.now(),
    )
    return {"file_id": file.pk}


def run(scope):
    """A task that the scope's person started."""
    with tenant(scope.brand.pk):
        made = Run.objects.create(
            brand=scope.brand,
            kind="sample",
            title=f"{scope.canary} task",
            state=Run.State.PAUSED,
            requested_by_id=scope.staff.pk,
            requested_by_label=scope.staff.display_name,
            claimable_at=timezone.now(),
            created_at=timezone.now(),
        )
    return {"run_id": made.pk}


def runs_to_cancel(scope):
    return {"sure": "1", "id": [run(scope)["run_id"]]}


def people_to_shut_out(scope):
    return {"sure": "1", "id": [scope.staff.pk]}


def view(scope):
    """A view of the scope's person, kept to oneself."""
    with tenant(scope.brand.pk):
        made = save_view(
            list_key="members",
            name=f"{scope.canary} view {next(number)}",
            query=QueryDict("stage=growth"),
            is_shared=False,
            actor=scope.person,
            now=timezone.now(),
        )
    return {"view_id": made.pk, "body": {"name": "New"}}


def browser(scope):
    """A browser in which the scope's person is signed in."""
    client = Client()
    client.force_login(scope.staff, backend=BACKEND)
    return {"ref": ref_of(client.session.session_key)}


def export(scope):
    """A list of the scope's person, written."""
    name = f"{scope.canary} list.csv"
    with tenant(scope.brand.pk):
        with files.result_writer(
            brand_id=scope.brand.pk, name=name, actor=scope.person, now=timezone.now()
        ) as result:
            result.text.write(scope.canary)
        made = Run.objects.create(
            brand=scope.brand,
            kind="export",
            title=f"{scope.canary} export",
            state=Run.State.SUCCEEDED,
            result={"files": [{"label": "list", "file_id": result.stored.pk}]},
            requested_by_id=scope.staff.pk,
            requested_by_label=scope.staff.display_name,
            claimable_at=timezone.now(),
            created_at=timezone.now(),
            finished_at=timezone.now(),
        )
    return {"run_id": made.pk}


def export_request(scope):
    """A large file that the scope's person asked for."""
    with tenant(scope.brand.pk):
        task = Run.objects.create(
            brand=scope.brand,
            kind="export",
            title=f"{scope.brand_canary} export",
            state=Run.State.WAITING,
            requested_by_id=scope.staff.pk,
            requested_by_label=scope.staff.display_name,
            claimable_at=timezone.now(),
            created_at=timezone.now(),
        )
        made = ExportRequest.objects.create(
            brand=scope.brand,
            run=task,
            state=ExportRequest.State.WAITING,
            list_key="members",
            words=f"{scope.brand_canary} filter",
            digest=b"0" * 16,
            rows=6000,
            rows_ceiling=6600,
            requested_by_id=scope.staff.pk,
            requested_by_label=scope.staff.display_name,
            requested_at=timezone.now(),
            lapses_at=timezone.now() + HOLDS_FOR,
        )
    return {"request_id": made.pk, "body": {"decision": "approve", "reason": "needed"}}


def decision(scope):
    made = pk(export_request)(scope)
    made["body"].pop("decision")
    return made


def list_to_export(scope):
    """The orders of one of the scope's members: a list that belongs to a row."""
    member = MemberFactory(
        brand=scope.brand, home_dealer=scope.dealer, display_name=f"{scope.canary} owner"
    )
    return {"list": "orders", "member": str(member.pk)}


def exporting(scope):
    """The question of the console about that list."""
    return {
        "query": "?" + urlencode(list_to_export(scope)),
        "body": {"format": "csv", "columns": ["number"]},
    }


def new_export(scope):
    asked = list_to_export(scope)
    return {"list": asked.pop("list"), "filters": asked}


def person(scope):
    return {"staff_id": scope.staff.pk}


def grant(scope):
    with tenant(scope.brand.pk):
        return person(scope) | {"grant_id": scope.staff.grants.first().pk}


def new_grant(scope):
    return {"role": "dealer_staff", "dealer": scope.dealer.pk}


def api_key(scope):
    with tenant(scope.brand.pk):
        key, _secret = create_api_key(
            name=f"{scope.brand_canary} key",
            permissions=[Permission.MEMBERS_VIEW],
            expires_at=None,
            actor=scope.actor,
            now=timezone.now(),
        )
    return {"key_id": key.pk}


def audit_entry(scope):
    """What the scope's person did to the scope's dealer's store."""
    with tenant(scope.brand.pk):
        record(action="store.changed", subject=scope.store, actor=scope.person, now=timezone.now())
        return {"entry_id": AuditEntry.objects.latest("pk").pk}


def subject(scope):
    return {"subject_type": "core.store", "subject_id": scope.store.pk}


def node(field, **more):
    """A body that points at one of the scope's nodes."""

    def body(scope):
        return {field: getattr(scope, field).pk, "city": "3301", "name": "New"} | more

    return body


ROUTES = {
    "healthz": public(),
    "set_language": public(),
    "api:schema": public(),
    "api:docs": public(),
    "api:core:cities-list": listing(),
    "api:core:cities-detail": listing(lambda _scope: {"pk": "3301"}),  # shared by all brands
    "api:core:regions-list": listing(dealers=False),
    "api:core:regions-detail": row(lambda scope: {"pk": scope.region.pk}, dealers=False),
    "api:core:dealers-list": listing(refers=node("region", code="NEW-D")),
    "api:core:dealers-detail": row(lambda scope: {"pk": scope.dealer.pk}),
    "api:core:stores-list": listing(refers=node("dealer", code="NEW-S")),
    "api:core:stores-detail": row(lambda scope: {"pk": scope.store.pk}),
    "api:core:staff-list": listing(),
    "api:core:staff-detail": row(pk(person)),
    "api:core:runs-list": listing(),
    "api:core:runs-detail": row(pk(run)),
    "api:core:runs-cancel": row(pk(run)),
    "api:core:runs-pause": row(pk(run)),
    "api:core:runs-resume": row(pk(run)),
    "api:core:exports-list": listing(refers=new_export),
    "api:core:exports-detail": row(pk(export)),
    "api:core:exports-file": row(pk(export)),
    "api:core:export-approvals-list": listing(dealers=False),
    "api:core:export-approvals-detail": row(decision, dealers=False),
    "api:core:export-approvals-approve": row(decision, dealers=False),
    "api:core:export-approvals-refuse": row(decision, dealers=False),
    "api:core:audit-list": listing(),
    "api:core:audit-detail": row(pk(audit_entry)),
    "core:sign-in": public(),
    "core:sign-out": own(),
    "core:profile": own(),
    "core:profile-password": own(),
    "core:profile-language": own(),
    "core:profile-end-others": own(),
    "core:profile-end-session": row(browser, personal=True),
    "core:workbench": listing(),
    "core:workbench-todo": listing(),
    "core:workbench-health": listing(),
    "core:search": listing(),
    "core:kit": own(),
    "core:kit-form": own(),
    "core:kit-drawer": own(),
    "core:kit-undo": own(),
    "core:kit-progress": own(),
    "core:kit-count": own(),
    "core:runs-list": listing(),
    "core:runs-badge": listing(),
    "core:runs-panel": listing(),
    "core:runs-cancel-several": listing(refers=runs_to_cancel),
    "core:runs-detail": row(run),
    "core:runs-pause": row(run),
    "core:runs-resume": row(run),
    "core:runs-cancel": row(run),
    "core:exports-new": row(exporting),
    "core:export-approvals-list": listing(dealers=False),
    "core:export-approvals-detail": row(export_request, dealers=False),
    "core:saved-views-new": listing(lambda _scope: {"query": "?list=members&stage=growth"}),
    "core:saved-views-edit": row(view, personal=True),
    "core:saved-views-delete": row(view, personal=True),
    "core:files-download": row(stored_file),
    "core:organization": listing(),
    "core:region-new": listing(),
    "core:region-edit": row(lambda scope: {"region_id": scope.region.pk}, dealers=False),
    "core:dealer-new": listing(refers=node("region", code="NEW-D", city="杭州市")),
    "core:organization-dealer": row(lambda scope: {"dealer_id": scope.dealer.pk}),
    "core:dealer-edit": row(
        lambda scope: {"dealer_id": scope.dealer.pk},
        refers=node("region", is_active="on", city="杭州市", version=1),
    ),
    "core:store-new": row(lambda scope: {"dealer_id": scope.dealer.pk}),
    "core:store-edit": row(lambda scope: {"store_id": scope.store.pk}),
    "core:staff-list": listing(),
    "core:staff-new": listing(),
    "core:staff-deactivate-several": listing(refers=people_to_shut_out),
    "core:staff-detail": row(person),
    "core:staff-edit": row(person),
    "core:staff-grant": row(person, refers=new_grant),
    "core:staff-lift": row(grant),
    "core:staff-deactivate": row(person),
    "core:staff-reactivate": row(person),
    "core:staff-reset-password": row(person),
    "core:staff-end-sessions": row(person),
    "core:staff-end-session": row(lambda scope: person(scope) | browser(scope)),
    "core:api-keys-list": listing(),
    "core:api-keys-new": listing(),
    "core:api-keys-revoke": row(api_key),
    "api:core:retention-list": listing(),
    "api:core:retention-detail": listing(lambda _scope: {"kind": "file"}),
    "core:retention": listing(),
    "core:retention-edit": listing(lambda _scope: {"kind": "file"}),
    "core:data-inventory": own(),  # about the product, the same for everybody
    "core:audit-list": listing(),
    "core:audit-check": own(),
    "core:audit-detail": row(audit_entry),
    "core:audit-of-subject": listing(subject),
}
