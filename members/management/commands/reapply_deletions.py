from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.kernel.scoping import tenant
from core.organizations.models import Brand
from core.runs import services as runs
from members.erasure import services
from members.erasure.journal import UnreadableJournal
from members.erasure.models import Erasure

BUDGET = timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "After a backup was restored: deletes again everybody who had been deleted since it was"
        " made, as the journals under AUDIT_ANCHOR_DIR tell. Harmless when repeated."
    )

    def handle(self, *_args: Any, **_given: Any) -> None:
        """Work until nobody is left.

        Raises:
            CommandError: a journal cannot be read, or a deletion did not end.
        """
        for brand in Brand.objects.order_by("pk"):
            try:
                with tenant(brand.pk):
                    back = services.reapply(brand_id=brand.pk, now=timezone.now())
            except UnreadableJournal as error:
                raise CommandError(f"{brand.code}: a line of the journal is damaged") from error
            runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=BUDGET)
            with tenant(brand.pk):
                rows = Erasure.objects.filter(brand_id=brand.pk, member_id__in=back)
                left = rows.filter(state__in=[Erasure.State.WAITING, Erasure.State.RUNNING]).count()
            if left:
                raise CommandError(f"{brand.code}: {left} deletions did not end; see the tasks")
            self.stdout.write(f"{brand.code}: {len(back)} deleted again")
