import os
import subprocess
import sys

import pytest

from core.kernel import faults

SHOW = "from django.conf import settings; print(settings.FAULT_POINTS)"


def test_nothing_happens_at_a_point_that_is_not_armed(settings):
    settings.FAULT_POINTS = "elsewhere=kill"
    faults.point("here")


def test_a_point_fails_only_at_the_armed_passage(settings):
    settings.FAULT_POINTS = "second=fail@2"
    faults.point("second")
    with pytest.raises(faults.InjectedFault):
        faults.point("second")
    faults.point("second")


def test_a_killed_process_gets_no_chance_to_tidy_up():
    code = "import django; django.setup(); from core.kernel import faults; faults.point('here')"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "FAULT_POINTS": "here=kill",
        },
        check=False,
    )
    assert ended.returncode == -9


@pytest.mark.parametrize("module", ["config.settings.local", "config.settings.production"])
def test_outside_the_test_settings_the_environment_arms_nothing(module):
    shown = subprocess.run(
        [sys.executable, "-c", SHOW],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": module,
            "FAULT_POINTS": "here=kill",
            "SECRET_KEY": "s" * 50,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == ""
