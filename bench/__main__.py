"""python -m bench TABLE: run one table; ``script/bench`` does it with servers of its own."""

import argparse
import importlib
import logging
import sys
from collections.abc import Callable

import django

from bench import report

Table = Callable[[argparse.Namespace], report.Report]

# Table -> module with ``run(options) -> Report``; and those that need neither Django nor servers.
TABLES = {
    "p1": "bench.p1",
    "p2": "bench.p2",
    "p4": "bench.p4",
    "p7": "bench.p7",
    "p8": "bench.p8",
    "p10": "bench.start",
    "live": "bench.live",
}
ALONE = {"p10"}


def main(argv: list[str]) -> int:
    """Run, print and write one table; 1 means that its goal was not reached."""
    options = _options(argv)
    if options.table not in ALONE:
        django.setup()
        logging.disable(logging.WARNING)  # Sign-ins and refused methods are asked for here.
    run: Table = importlib.import_module(TABLES[options.table]).run
    result = run(options)
    report.show(options.table, result)
    print(f"  written to {report.write(options.table, result)}")
    return 1 if result.reached is False else 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("table", type=str.lower, choices=sorted(TABLES))
    parser.add_argument("--members", type=int, help="the largest size; each table has its own")
    parser.add_argument("--rounds", type=int, default=report.ROUNDS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
