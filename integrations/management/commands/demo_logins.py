from __future__ import annotations

import unicodedata
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from core.organizations.models import Brand
from core.staff.models import Role, Staff
from integrations.demo import loader, staff
from integrations.demo.plan import MAIN_BRAND, SECOND_BRAND


class Command(BaseCommand):
    help = "Prints one login per role of the demonstration brands."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to draw a new password."""
        parser.add_argument(
            "--reset", action="store_true", help="draw a new password and end all sessions"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a table; passwords come from this installation's own file."""
        codes = (MAIN_BRAND.code, SECOND_BRAND.code)
        found = Brand.objects.using("owner").filter(code__in=codes)
        brands = sorted(found, key=lambda brand: codes.index(brand.code))
        if options["reset"]:
            self._reset([brand.pk for brand in brands])
        passwords = staff.read()
        shown = False
        for brand in brands:
            shown = self._table(brand, passwords) or shown
        if not shown:
            self.stdout.write("There are no demonstration logins here.")
            if brands:
                self.stdout.write("Run this command with --reset to draw a new password.")

    def _table(self, brand: Brand, passwords: dict[str, str]) -> bool:
        people = Staff.objects.using("owner").filter(brand_id=brand.pk, username__in=passwords)
        with transaction.atomic(using="owner"), loader.inside(brand.pk):
            rows = [
                (
                    person.username,
                    passwords[person.username],
                    ", ".join(str(Role(grant.role).label) for grant in person.grants.all()),
                    person.display_name,
                )
                for person in people.order_by("pk").prefetch_related("grants")
            ]
        if not rows:
            return False
        self.stdout.write(f"\n{brand.name}")
        widths = [max(_width(row[at]) for row in rows) for at in range(4)]
        for row in rows:
            cells = (cell + " " * (widths[at] - _width(cell)) for at, cell in enumerate(row))
            self.stdout.write("  " + "   ".join(cells).rstrip())
        return True

    def _reset(self, brand_ids: list[int]) -> None:
        passwords, password = {}, staff.new_password()
        for person in Staff.objects.using("owner").filter(brand_id__in=brand_ids):
            if person.username.rpartition(".")[2] in {name for name, *_rest in staff.PEOPLE}:
                passwords[person.username] = password
                person.set_password(password)
                person.save(using="owner", update_fields=["password"])
        staff.keep(passwords)


def _width(text: str) -> int:
    """Return how many columns a terminal gives the text: Chinese takes two each."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
