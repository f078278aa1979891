from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.audit import services
from core.kernel.scoping import tenant
from core.organizations.models import Brand


class Command(BaseCommand):
    help = "Recomputes every brand's audit chain; exits with 1 when one was tampered with."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one brand, or none for all."""
        parser.add_argument("--brand", default="", help="code of one brand (default: all)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line per brand and per fault.

        Raises:
            CommandError: a chain is broken, or there is no such brand.
        """
        brands = Brand.objects.order_by("pk")
        if options["brand"]:
            brands = brands.filter(code=options["brand"])
            if not brands:
                raise CommandError(f"There is no brand {options['brand']}.")
        broken = 0
        for brand in brands:
            with tenant(brand.pk):
                check = services.check_chain(brand_id=brand.pk, now=timezone.now())
            broken += bool(check.faults)
            verdict = self.style.ERROR("BROKEN") if check.faults else "whole "
            self.stdout.write(
                f"{verdict}  {brand.code}  {check.seq} links, anchored to #{check.anchored_seq}"
            )
            for fault in check.faults:
                self.stdout.write(f"        {fault['kind']}  link {fault['seq']}")
        if broken:
            raise CommandError(f"{broken} chain(s) were tampered with.")
