"""What every refusal of a bad input promises, asked for by each table of bad inputs."""

import time
from contextlib import contextmanager
from pathlib import Path

SECONDS = 2.0
MEGABYTES = 256
LOGGER = "core.kernel.problems"


@contextmanager
def thrifty():
    """Fail when what is inside takes more than two seconds of work, or 256 MB above the start."""
    Path("/proc/self/clear_refs").write_text("5")  # The peak starts over.
    before, start = _resident("VmRSS"), time.process_time()
    yield
    assert time.process_time() - start <= SECONDS
    assert _resident("VmHWM") - before <= MEGABYTES


def _resident(field):
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) // 1024


def assert_noted(caplog, *, path, code, values):
    """The log has one line of the refusal, with path and code; none of ``values`` is in any."""
    [line] = [each.getMessage() for each in caplog.records if each.name == LOGGER]
    assert path in line
    assert line.endswith(f" {code}")
    assert "\n" not in line
    assert [value for value in values if value in caplog.text] == []
