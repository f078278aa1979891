"""script/manage COMMAND …: a management command inside the product's environment.

Uses the servers of a running script/server of this checkout; otherwise starts PostgreSQL and
Valkey for as long as the command runs, migrating first unless the command is about migrations.
"""

import subprocess
import sys
from collections.abc import Mapping

from launcher import instance, locks, stack, steps
from launcher.places import Places, here

# They say what the schema should be, so they must not find it changed by us.
ABOUT_MIGRATIONS = {"migrate", "makemigrations", "showmigrations", "sqlmigrate", "squashmigrations"}
WITHOUT_DATABASE = {"help", "--help", "-h", "version", "--version", "makemessages", "startapp"}


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    places = here()
    while True:
        env = instance.environment_of_server(places)
        if env is not None:
            return _run(places, env, arguments)
        try:
            with instance.owned(places, by=f"script/manage {' '.join(arguments[:1])}"):
                return _run_alone(places, arguments)
        except locks.Taken:
            continue  # somebody was quicker; use or await theirs


def _run_alone(places: Places, arguments: list[str]) -> int:
    with stack.serving(places) as servers:
        name = arguments[0] if arguments else "help"
        if name not in ABOUT_MIGRATIONS | WITHOUT_DATABASE:
            steps.migrate(places, servers.env, quiet=True)
        return _run(places, servers.env, arguments)


def _run(places: Places, env: Mapping[str, str], arguments: list[str]) -> int:
    """Run manage.py in the caller's folder and terminal, so that file names and prompts work."""
    process = subprocess.Popen(
        [sys.executable, str(places.root / "manage.py"), *arguments], env=dict(env)
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        raise
    finally:
        process.wait()
