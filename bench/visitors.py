"""Those who ask for pages: a person signed in as an HQ admin, and a program with an API key."""

import time
from dataclasses import dataclass

from django.test import Client
from django.utils import timezone

from core.api_keys.services import create_api_key
from core.kernel.access import Permission, system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.staff import services as staff_services
from core.staff.models import Role

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True)
class Visitors:
    """Two clients of one brand, who may see everything in it."""

    person: Client
    program: Client


def visitors_of(brand: Brand) -> Visitors:
    """Make an account and a key, and sign in with them."""
    person, program = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    actor, now = system_viewer(brand.pk), timezone.now()
    name = f"bench-{time.time_ns()}"
    with tenant(brand.pk):
        staff, _password = staff_services.create_staff(
            username=name, display_name="Bench", email="", actor=actor, now=now
        )
        staff_services.grant_role(staff_id=staff.pk, role=Role.HQ_ADMIN, actor=actor, now=now)
        _key, secret = create_api_key(
            name=name, permissions=list(Permission), expires_at=None, actor=actor, now=now
        )
    person.force_login(staff, backend=BACKEND)
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return Visitors(person, program)
