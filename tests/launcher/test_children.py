"""Children end with us, and what survived all the same is found."""

import signal
import subprocess
import sys
import time

import pytest

from launcher import children
from tests.launcher.conftest import ROOT, wait_until

DEAF = "import signal, time; signal.signal(15, 1); print('up', flush=True); time.sleep(60)"
PARENT = """
import sys, time
from launcher import children
from pathlib import Path
log = Path(sys.argv[1])
child = children.spawn(children.Command(argv=[sys.executable, "-c", sys.argv[2]], env={}, log=log))
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.fault
def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    command = [sys.executable, "-c", PARENT, tmp_path / "log", "import time; time.sleep(60)"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not children.is_running(pid), 5)


def test_one_that_ignores_the_signal_is_killed_after_its_time(tmp_path):
    log = tmp_path / "log"
    process = children.spawn(children.Command(argv=[sys.executable, "-c", DEAF], env={}, log=log))
    wait_until(lambda: "up" in log.read_text(), 10)
    start = time.monotonic()
    assert children.finish(process, (signal.SIGTERM, 0.3)) == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - start < 5


def test_strays_are_found_by_the_folder_they_work_in(tmp_path):
    process = children.spawn(children.Command(argv=["/bin/sleep", "60"], env={}, cwd=tmp_path))
    assert children.working_in(tmp_path) == {process.pid}
    assert not children.working_in(tmp_path / "elsewhere")
    children.end_strays({process.pid}, (signal.SIGTERM, 2.0))
    assert process.wait(5) == -signal.SIGTERM


def test_strays_are_found_by_the_mark_of_their_checkout(tmp_path):
    mark = {children.SUPERVISED: str(tmp_path)}
    process = children.spawn(children.Command(argv=["/bin/sleep", "60"], env=mark))
    wait_until(lambda: children.supervised_for(tmp_path) == {process.pid}, 5)
    assert not children.supervised_for(tmp_path / "other")
    children.finish(process)
