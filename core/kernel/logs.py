"""Log lines that nobody's text can break in two or make to look like others."""

from __future__ import annotations

import logging
import re
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What ends a line somewhere, moves a cursor, turns the reading direction or cannot be written.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
BECAUSE = "The above exception was the direct cause of the following exception:"
MEANWHILE = "During handling of the above exception, another exception occurred:"


def escaped(text: str) -> str:
    r"""Return a text on one line, with control characters as ``\n`` and ``\u2028`` show them."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class OneLineFormatter(logging.Formatter):
    """A record is a line; a traceback follows on lines of its own, which begin with spaces.

    What an exception says is a text like any other and stays on one of them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, and below it where it comes from."""
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        lines = [escaped(self.formatMessage(record))]
        if record.exc_info and record.exc_info[1] is not None:
            told = traceback.TracebackException.from_exception(record.exc_info[1])
            lines += [f"  {escaped(line)}" for line in _lines(told)]
        if record.stack_info:
            lines += [f"  {escaped(line)}" for line in record.stack_info.splitlines()]
        return "\n".join(lines)


def _lines(told: traceback.TracebackException) -> Iterator[str]:
    """Yield the lines of a traceback; what people may have written is not broken into several."""
    if told.__cause__ is not None:
        yield from _lines(told.__cause__)
        yield BECAUSE
    elif told.__context__ is not None and not told.__suppress_context__:
        yield from _lines(told.__context__)
        yield MEANWHILE
    if told.stack:
        yield "Traceback (most recent call last):"
        for frame in told.stack.format():
            yield from frame.rstrip("\n").split("\n")
    for part in told.format_exception_only():
        yield part.rstrip("\n")
    for each in told.exceptions or ():
        yield from _lines(each)
