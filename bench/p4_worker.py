"""A worker process for one import: its seconds, and the most memory it ever held."""

import json
import os
import re
import sys
import time
from datetime import timedelta
from pathlib import Path

import django


def main(brand_id: int, files_dir: str) -> None:
    """Work off what is due and print how it went."""
    os.environ["FILES_DIR"] = files_dir
    django.setup()
    from django.utils import timezone  # noqa: PLC0415  (after setup)

    from core.runs import services  # noqa: PLC0415

    start = time.perf_counter()
    services.work_due(brand_id=brand_id, clock=timezone.now, budget=timedelta(hours=1))
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024  # type: ignore[index]
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
