from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.kernel import invariants


class Command(BaseCommand):
    help = "Runs every data invariant as SQL over every brand; exits with 1 when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the connection to look through."""
        parser.add_argument(
            "--database", default="owner", help="connection to use (default: owner)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line per invariant and brand.

        Raises:
            CommandError: at least one invariant is broken; nothing was changed.
        """
        checked = broken = 0
        for finding in invariants.check_all(using=options["database"]):
            checked += 1
            broken += bool(finding.breaches)
            line = f"{finding.brand}  {finding.invariant.name}  ({finding.seconds:.2f} s)"
            if finding.breaches:
                shown = "; ".join(str(row) for row in finding.examples)
                self.stdout.write(self.style.ERROR(f"BROKEN  {line}: {finding.breaches}: {shown}"))
            else:
                self.stdout.write(f"ok      {line}")
        if broken:
            raise CommandError(f"{broken} of {checked} checks found a broken invariant.")
        all_hold = f"{checked} checks, all hold." if checked else "No brand yet: nothing to check."
        self.stdout.write(self.style.SUCCESS(all_hold))
