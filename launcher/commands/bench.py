"""script/bench TABLE: a table of measurements on a durable, empty cluster of its own."""

import subprocess
import sys
from collections.abc import Mapping

from launcher import prepare, stack, tuning
from launcher.places import Places, here

# They start a product of their own.
ALONE = {"p10"}


def main(arguments: list[str]) -> int:
    """Run the table; return 0 when its goal was reached."""
    places = here()
    if not arguments or arguments[0].lower() in ALONE | {"-h", "--help"}:
        with_nothing = stack.environment(places)
        return _bench(places, with_nothing, arguments)
    settings = "config.settings.local"
    with stack.throwaway(places, settings=settings, tuned=tuning.measuring()) as servers:
        prepare.everything(places, servers, members=0)
        return _bench(places, servers.env, arguments)


def _bench(places: Places, env: Mapping[str, str], arguments: list[str]) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *arguments], env=dict(env), cwd=places.root
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        raise
    finally:
        process.wait()
