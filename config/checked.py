"""Reads the settings, then becomes the command after it: ``python -m config.checked gunicorn …``.

A bad setting ends it with the message alone. gunicorn and Celery read some variables before any
settings of ours, and would end in a traceback that names none, or serve nobody without a word.
"""

import importlib
import os
import sys

from config.env import BadSetting

# sysexits.h: something was found in an unconfigured or misconfigured state.
MISCONFIGURED = 78


def main(command: list[str]) -> int:
    """Check the settings; run ``command``, if there is one, in place of this process."""
    name = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    try:
        importlib.import_module(name)
    except BadSetting as bad:
        sys.stderr.write(f"{bad}\n")
        return MISCONFIGURED
    if command:
        os.execvp(command[0], command)  # noqa: S606  (no shell: the words are passed as they are)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
