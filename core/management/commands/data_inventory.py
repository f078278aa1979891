from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.data_inventory import selectors

PAGE = "docs/data-inventory.md"


class Command(BaseCommand):
    help = "Writes docs/data-inventory.md: every field with its class, purpose, retention and mask."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to compare only."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; exit with 1 when it is out of date"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the page, or compare it.

        Raises:
            CommandError: the page says something else than the declarations.
        """
        path, page = settings.BASE_DIR / PAGE, selectors.as_markdown()
        is_true = path.exists() and path.read_text(encoding="utf-8") == page
        if options["check"]:
            if not is_true:
                raise CommandError(f"{PAGE} is out of date. Run manage.py data_inventory.")
        elif not is_true:
            path.write_text(page, encoding="utf-8")
        self.stdout.write(self.style.SUCCESS(f"{PAGE} is true."))
