from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.key_rotation import selectors, services
from core.organizations.models import Brand

if TYPE_CHECKING:
    from collections.abc import Iterable


class Command(BaseCommand):
    help = (
        "Seals every encrypted field with the first key of FIELD_KEYS. May be killed and run again:"
        " it goes on where it was. The lookup hashes (LOOKUP_KEY) are not touched."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the size of a batch, and whether to look only."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing; exit with 1 while an older key still seals something",
        )
        parser.add_argument("--brand", default="", help="code of one brand (default: all)")
        parser.add_argument("--batch", type=int, default=services.BATCH, help="rows a transaction")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Walk, then print what is left per key.

        Raises:
            CommandError: there is no such brand, or values remain that an older key, or one no
                longer in FIELD_KEYS, seals.
        """
        wanted = {"code": options["brand"]} if options["brand"] else {}
        brands = list(Brand.objects.filter(**wanted).order_by("pk"))
        if not brands and wanted:
            raise CommandError(f"There is no brand {options['brand']}.")
        if not options["check"]:
            self._rotate(brands, options["batch"])
        left: Counter[str] = Counter()
        for brand in brands:
            left.update(services.rows_left(brand_id=brand.pk))
        self._report(left)

    def _rotate(self, brands: Iterable[Brand], batch: int) -> None:
        for brand in brands:
            for field in selectors.sealed_fields():
                count = services.rotate(
                    brand_id=brand.pk, field=field, clock=timezone.now, batch=batch
                )
                self.stdout.write(f"{brand.code}  {field.label}.{field.field}  {count} sealed anew")

    def _report(self, left: Counter[str]) -> None:
        newest = services.newest_key()
        self.stdout.write(f"{newest} seals; the lookup hashes keep their own key, LOOKUP_KEY.")
        for key in settings.FIELD_KEYS:
            if key == newest:
                continue
            verdict = f"still seals {left[key]} values" if left[key] else "may be dropped"
            self.stdout.write(f"{key}  {verdict}")
        unknown = {key: count for key, count in left.items() if key not in settings.FIELD_KEYS}
        for key, count in unknown.items():
            self.stdout.write(self.style.ERROR(f"{key}  is not in FIELD_KEYS: {count} values lost"))
        if sum(left.values()):
            raise CommandError(f"{sum(left.values())} values are not sealed by {newest}.")
