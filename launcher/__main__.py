"""Opens a command: builds the environment, enters it, hands over to the command's module."""

import importlib
import sys
from pathlib import Path

# Run as a file, Python looks for imports beside this one; the checkout is what we want.
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from launcher import bootstrap, stopping  # noqa: E402
from launcher.failure import LaunchFailed  # noqa: E402

COMMANDS = {
    "server": "launcher.commands.server",
    "manage": "launcher.commands.manage",
    "test": "launcher.commands.check",
    "bench": "launcher.commands.bench",
}
WITH_TOOLS = {"test", "bench"}


def main(argv: list[str]) -> int:
    """Run ``argv[0]`` with the rest as its arguments; return the exit code."""
    name, *rest = argv
    stopping.listen()
    try:
        bootstrap.enter(name, rest, tools=name in WITH_TOOLS)
        command = importlib.import_module(COMMANDS[name])
        return int(command.main(rest))
    except LaunchFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
