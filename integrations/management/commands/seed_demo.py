from __future__ import annotations

import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.organizations.models import City
from integrations.demo import communities, events, finishing, plan, services

SECOND_SHARE = 20
SECOND_LEAST, SECOND_MOST = 300, 5_000


class Command(BaseCommand):
    help = "Makes a demonstration brand with members, and a small second one, by COPY."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many members, which brand, and whether data that is there is fine."""
        parser.add_argument("--members", type=int, default=20_000)
        parser.add_argument("--brand", default="", metavar="CODE", help="this brand alone")
        parser.add_argument("--seed", type=int, default=plan.SEED)
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when the brand has members"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the brands one after the other, each in one transaction.

        Raises:
            CommandError: a brand has members already, or the number makes no sense.
        """
        if not 1 <= options["members"] <= 20_000_000:
            raise CommandError("--members must lie within 1 and 20,000,000.")
        if not City.objects.using("owner").exists():
            call_command("load_divisions", stdout=self.stdout)
        # The small one first: beside a million members each of its steps looks at more.
        sizes = {}
        if not options["brand"]:
            small = options["members"] // SECOND_SHARE
            sizes[plan.SECOND_BRAND.code] = min(SECOND_MOST, max(SECOND_LEAST, small))
        sizes[options["brand"] or plan.MAIN_BRAND.code] = options["members"]
        for each, members in sizes.items():
            self._make(each, members, options)

    def _make(self, code: str, members: int, options: dict[str, Any]) -> None:
        if services.has_members(code=code):
            if options["if_empty"]:
                self.stdout.write(f"{code}: has members already, nothing to do.")
                return
            raise CommandError(f"The brand {code} has members already; nothing was changed.")
        started = time.perf_counter()

        def say(step: str) -> None:
            if options["verbosity"] > 1:
                self.stdout.write(f"  {time.perf_counter() - started:6.1f} s  {step}")

        made = services.seed(
            plan=plan.Plan(plan.brand_of(code), members, options["seed"]),
            now=timezone.now(),
            say=say,
        )
        say("events")
        events.build(brand_id=made.brand_id, clock=timezone.now)
        say("rules and counts")
        finishing.finish(brand_id=made.brand_id, clock=timezone.now)
        say("communities")
        rooms = communities.build(brand_id=made.brand_id, clock=timezone.now)
        self.stdout.write(
            f"{code}: {made.members:,} members, {made.orders:,} orders, {made.dealers:,} dealers,"
            f" {rooms:,} rooms in {time.perf_counter() - started:.1f} s."
        )
