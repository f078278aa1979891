"""A process of its own for one import: its seconds, and the most memory it ever held."""

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import django

from bench.memory import peak_mb


def main(brand_id: int, files_dir: str, path: str) -> None:
    """Take the file in as an upload, work off its import, and print how it went."""
    os.environ["FILES_DIR"] = files_dir
    django.setup()
    from django.utils import timezone  # noqa: PLC0415  (after setup)

    from core.kernel.access import system_viewer  # noqa: PLC0415
    from core.kernel.scoping import tenant  # noqa: PLC0415
    from core.runs import services as runs  # noqa: PLC0415
    from members.imports import services  # noqa: PLC0415

    actor, now, file = system_viewer(brand_id), timezone.now(), Path(path)
    start = time.perf_counter()
    with file.open("rb") as upload:
        job = services.receive_file(
            file=upload, name=file.name, subject="members", actor=actor, now=now
        )
    with tenant(brand_id):
        services.start_import(
            job_id=job.pk, mapping=job.mapping, options={}, is_dry_run=False, actor=actor, now=now
        )
    runs.work_due(brand_id=brand_id, clock=timezone.now, budget=timedelta(hours=1))
    seconds = time.perf_counter() - start
    print(json.dumps({"job": job.pk, "seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
