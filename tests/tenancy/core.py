"""Entries of config and core."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from core.files import services as files
from core.kernel.scoping import tenant
from core.runs.models import Run
from core.sign_in.rules import ref_of
from tests.tenancy.samples import listing, own, public, row
from tests.tenancy.world import BACKEND


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


def session(scope):
    """A browser in which the scope's person is signed in."""
    client = Client()
    client.force_login(scope.staff, backend=BACKEND)
    return {"ref": ref_of(client.session.session_key)}


ROUTES = {
    "healthz": public(),
    "set_language": public(),
    "api:schema": public(),
    "api:docs": public(),
    "api:core:cities-list": listing(),
    "api:core:cities-detail": public(),  # shared by all brands
    "api:core:regions-list": listing(dealers=False),
    "api:core:regions-detail": row(lambda scope: {"pk": scope.region.pk}, dealers=False),
    "api:core:dealers-list": listing(),
    "api:core:dealers-detail": row(lambda scope: {"pk": scope.dealer.pk}),
    "api:core:stores-list": listing(),
    "api:core:stores-detail": row(lambda scope: {"pk": scope.store.pk}),
    "core:sign-in": public(),
    "core:sign-out": own(),
    "core:profile": own(),
    "core:profile-password": own(),
    "core:profile-language": own(),
    "core:profile-end-others": own(),
    "core:profile-end-session": row(session, personal=True),
    "core:workbench": listing(),
    "core:workbench-todo": listing(),
    "core:workbench-health": listing(),
    "core:search": listing(),
    "core:runs-list": listing(),
    "core:runs-badge": listing(),
    "core:runs-panel": listing(),
    "core:runs-detail": row(run),
    "core:runs-pause": row(run),
    "core:runs-resume": row(run),
    "core:runs-cancel": row(run),
    "core:files-download": row(stored_file),
}
