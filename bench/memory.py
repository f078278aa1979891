"""The most memory that this process held, from Linux (proc(5)): VmHWM, in MB."""

import re
from pathlib import Path

SELF = Path("/proc/self")
RESET_PEAK = "5"


def forget_peak() -> int:
    """Begin anew, from what is held now; return it."""
    (SELF / "clear_refs").write_text(RESET_PEAK, encoding="ascii")
    return peak_mb()


def peak_mb() -> int:
    """Return the peak since the start of the process, or since ``forget_peak``."""
    status = (SELF / "status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024  # type: ignore[index]
