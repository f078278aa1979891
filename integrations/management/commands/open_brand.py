"""``manage.py open_brand CODE NAME --admin USERNAME``: the first step on a server of one's own."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from communities.policies.services import install_default_policies
from core.audit import services as audit
from core.kernel.access import system_viewer
from core.kernel.errors import DomainError
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.staff import services as staff
from core.staff.models import Role


class Command(BaseCommand):
    """Makes a brand that people can sign in to: the brand, its policies, its first HQ admin."""

    help = "Open a brand with the default policies and a first HQ admin; prints the password once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the brand's code and name, and who becomes its first admin."""
        parser.add_argument("code")
        parser.add_argument("name")
        parser.add_argument("--admin", required=True, metavar="USERNAME")
        parser.add_argument("--admin-name", default="", metavar="NAME")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Open the brand, all of it or nothing.

        Raises:
            CommandError: the code is taken, or the user name cannot be used.
        """
        try:
            password = self._open(options)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"{options['name']} is open. {options['admin']} signs in with {password} once and"
            " then chooses a password."
        )

    @transaction.atomic
    def _open(self, options: dict[str, Any]) -> str:
        if Brand.objects.filter(code=options["code"]).exists():
            raise CommandError(f"There is a brand {options['code']} already.")
        now = timezone.now()
        brand = Brand.objects.create(code=options["code"], name=options["name"])
        actor = system_viewer(brand.pk, "open_brand")
        with tenant(brand.pk):
            audit.record(action="brand.opened", subject=brand, actor=actor, now=now)
            install_default_policies(brand=brand, actor=actor, now=now)
            person, password = staff.create_staff(
                username=options["admin"],
                display_name=options["admin_name"] or options["admin"],
                email="",
                actor=actor,
                now=now,
            )
            staff.grant_role(staff_id=person.pk, role=Role.HQ_ADMIN, actor=actor, now=now)
        return password
