"""Bad input 44 of invariants.md: what people type makes no lines in the log."""

import io
import logging

import pytest
from django.conf import settings

from core.kernel.logs import OneLineFormatter, escaped

FORGED = "2026-11-22 08:00:00 INFO core.audit all is well"
BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]


@pytest.fixture
def written():
    """The product's own handler, made as its settings say, writing into memory."""
    said = settings.LOGGING["formatters"]["plain"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLineFormatter(said["format"]))
    logger = logging.getLogger("test_logs")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


logger = logging.getLogger("test_logs")


def lines(stream):
    """As any program splits them that reads the log."""
    return stream.getvalue().rstrip("\n").splitlines()


def test_the_product_logs_with_it():
    assert settings.LOGGING["formatters"]["plain"]["class"] == "core.kernel.logs.OneLineFormatter"
    used = [type(handler.formatter) for handler in logging.getLogger().handlers]
    assert OneLineFormatter in used


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_44_a_text_stays_on_its_line(written, end):
    logger.warning("no member is called %s", f"陈{end}{FORGED}")
    [line] = lines(written)
    assert line.endswith(f"no member is called 陈{escaped(end)}{FORGED}")
    assert escaped(end) != end


@pytest.mark.parametrize("sign", ["\x1b[2K", "\x00", "\x08", "\u202e", "\u2066", "\ud800"])
def test_signs_that_hide_or_turn_a_text_are_shown(sign):
    record = logging.makeLogRecord({"msg": "%s", "args": (sign,)})
    assert OneLineFormatter("%(message)s").format(record).isprintable()


def test_what_people_read_is_left_alone():
    for text in ("陈小宇 · 𠮷田", "C:\\n", "José 👨\u200d👩", "50%"):
        assert escaped(text) == text


def fail(text):
    raise ValueError(text)


def test_a_traceback_keeps_its_lines_and_what_it_quotes_stays_on_one(written):
    try:
        try:
            fail(f"first\n{FORGED}")
        except ValueError as error:
            error.add_note(f"noted\r\n{FORGED}")
            raise RuntimeError(f"second\u2028{FORGED}") from error
    except RuntimeError:
        logger.exception("a step broke: %s", f"x\n{FORGED}")
    head, *below = lines(written)
    assert head.endswith(rf"a step broke: x\n{FORGED}")
    assert all(line.startswith("  ") for line in below)
    assert "  Traceback (most recent call last):" in below
    assert any(line.strip().startswith("File ") and line.endswith("in fail") for line in below)
    assert "      raise ValueError(text)" in below
    assert rf"  ValueError: first\n{FORGED}" in below
    assert rf"  RuntimeError: second\u2028{FORGED}" in below
    assert any("direct cause" in line for line in below)


def fail_twice():
    raise ExceptionGroup("both", [ValueError("a\nb"), KeyError("c")])


def test_several_exceptions_at_once_are_told_each(written):
    try:
        fail_twice()
    except ExceptionGroup:
        logger.exception("no")
    assert r"  ValueError: a\nb" in lines(written)
    assert "  KeyError: 'c'" in lines(written)


def test_another_handler_before_leaves_nothing_unescaped(written):
    """Handlers share a record, and the usual formatter keeps its traceback on it."""
    try:
        fail(f"x\n{FORGED}")
    except ValueError as error:
        record = logger.makeRecord("a", 40, "f", 1, "no", (), (type(error), error, None))
    logging.Formatter().format(record)
    assert FORGED not in OneLineFormatter("%(message)s").format(record).splitlines()
