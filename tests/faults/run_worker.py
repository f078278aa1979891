"""A worker process of its own: ``python -m tests.faults.run_worker BRAND_ID SECONDS``.

Works the brand's runs of kind "counting", each step leaving one audit entry. The environment
names the test database and, in FAULT_POINTS, where the process dies or freezes.
"""

import os
import sys
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.utils import timezone  # noqa: E402

from core.audit import services as audit  # noqa: E402
from core.kernel.scoping import tenant  # noqa: E402
from core.runs import services  # noqa: E402
from core.runs.models import Run  # noqa: E402
from core.runs.ports import Step, register_run_kind  # noqa: E402

LEASE = timedelta(seconds=1.5)
TOTAL = 8


class Counting:
    def step(self, *, run, actor, now):
        n = run.cursor.get("n", 0) + 1
        audit.record(
            action="test.stepped",
            subject=Run.objects.get(pk=run.id),
            actor=actor,
            now=now,
            data={"n": n, "pid": os.getpid()},
        )
        time.sleep(0.05)
        return Step(cursor={"n": n}, done=n, total=TOTAL, finished=n == TOTAL)

    def cancelled(self, *, run, actor, now):
        pass


def register():
    register_run_kind("counting", Counting())


def start(brand_id, actor):
    with tenant(brand_id):
        return services.start_run(
            kind="counting", title="Counting", params={}, actor=actor, now=timezone.now()
        )


if __name__ == "__main__":
    services.LEASE = LEASE
    register()
    deadline = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < deadline:
        services.work_due(
            brand_id=int(sys.argv[1]), clock=timezone.now, budget=timedelta(seconds=60)
        )
        time.sleep(0.1)
