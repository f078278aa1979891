"""What gives a person away in a text, and what a text is without it. Pure values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

# Shorter ones would be found in texts that have nothing to do with the person; a few digits alone
# are a year, an amount or a city more often than somebody's number.
SHORTEST_NUMBER, SHORTEST_DIGITS, SHORTEST_LATIN_NAME, SHORTEST_NAME = 4, 6, 4, 2
# Numbers of JSON count things and name rows; one is somebody's only where it can be a phone.
DIGITS_OF_A_PHONE = 11
GONE = "…"
PHONE = re.compile(r"\+86(1[3-9][0-9]{9})").fullmatch
# A day or a moment as programs write it; some digits of it may be somebody's number by chance.
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?").fullmatch
# What programs call things, beside the texts of people: "give", "orders.sum", "2026-11-22".
WORD_OF_A_PROGRAM = re.compile(r"[a-z]+(?:[_.:-][a-z]+)*").fullmatch
MOST_GRACE_DAYS = 7


class Kind(StrEnum):
    """How sure a trace is."""

    NUMBER = "number"  # a phone, a VIN, an order number: nobody else's
    NAME = "name"  # what the person is called
    MASK = "mask"  # a phone as lists show it; looked for in files and kept answers alone
    PLACE = "place"  # where to look, such as a room; no text to look for


@dataclass(frozen=True, slots=True)
class Trace:
    """One text by which a member could be recognized where no column names them."""

    member_id: int
    kind: Kind
    text: str


@dataclass(frozen=True)
class Traces:
    """The traces of everybody whom a run erases, ready to be looked for."""

    items: tuple[Trace, ...]

    def pattern(self, *, names: bool = True, masks: bool = False) -> str:
        """Return a regular expression that Python and PostgreSQL read alike; empty for none."""
        return _alternatives(self.texts(names=names, masks=masks))

    def texts(self, *, names: bool = True, masks: bool = False) -> list[str]:
        """Return how everything may be written, the longest first."""
        wanted = {Kind.NUMBER} | ({Kind.NAME} if names else set())
        wanted |= {Kind.MASK} if masks else set()
        texts = {form for t in self.items if t.kind in wanted for form in forms_of(t)}
        return sorted(texts, key=lambda text: (-len(text), text))

    def without(
        self, value: Any, *, names: bool = True, masks: bool = False, of_program: bool = False
    ) -> Any:
        """Return a text or a JSON value in which nothing of the people is left.

        Keys of JSON that are a program's words stay. ``of_program`` says that a program chose all
        of them, and single words among the values as well: these stay, too, though somebody may be
        called so.
        """
        found = self._masked if masks else self._named if names else self._numbered
        return _cleaned(value, found, of_program) if found is not None else value

    @cached_property
    def _masked(self) -> re.Pattern[str] | None:
        return _compiled(self.pattern(masks=True))

    @cached_property
    def _named(self) -> re.Pattern[str] | None:
        return _compiled(self.pattern())

    @cached_property
    def _numbered(self) -> re.Pattern[str] | None:
        return _compiled(self.pattern(names=False))


def forms_of(trace: Trace) -> list[str]:
    """Return how a trace may be written; a text too short to mean anybody gives none."""
    text = trace.text.strip()
    if trace.kind == Kind.NAME:
        least = SHORTEST_LATIN_NAME if text.isascii() else SHORTEST_NAME
        return [text] if len(text) >= least else []
    if len(text) < (SHORTEST_DIGITS if text.isdecimal() else SHORTEST_NUMBER):
        return []
    if found := PHONE(text):
        national = found[1]
        grouped = f"{national[:3]} {national[3:7]} {national[7:]}"
        return [national, f"86{national}", grouped, grouped.replace(" ", "-")]
    return [text.removeprefix("+")]


def phones_of(traces: Traces) -> list[str]:
    """Return the national numbers, for texts whose spaces and hyphens were taken out."""
    found = (PHONE(trace.text) for trace in traces.items if trace.kind == Kind.NUMBER)
    return sorted({match[1] for match in found if match})


def _compiled(pattern: str) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


def _alternatives(texts: list[str]) -> str:
    """So that the number 1001 is not found in 10012; letters of Chinese need no bounds.

    Each bound stands once for all that need it: hundreds of them would be too much to look for.
    """
    by_bounds: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        head = r"(?<![0-9A-Za-z])" if _is_latin(text[0]) else ""
        tail = r"(?![0-9A-Za-z])" if _is_latin(text[-1]) else ""
        by_bounds.setdefault((head, tail), []).append(re.escape(text))
    return "|".join(
        f"{head}(?:{'|'.join(some)}){tail}" for (head, tail), some in sorted(by_bounds.items())
    )


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _cleaned(value: Any, found: re.Pattern[str], of_program: bool, is_inside: bool = False) -> Any:
    if isinstance(value, str):
        is_word = of_program and is_inside and WORD_OF_A_PROGRAM(value)
        return value if is_word or MOMENT(value) else found.sub(GONE, value)
    if isinstance(value, list):
        return [_cleaned(each, found, of_program, True) for each in value]
    if isinstance(value, dict):
        return {
            key if of_program or WORD_OF_A_PROGRAM(key) else _cleaned(key, found, False): _cleaned(
                each, found, of_program, True
            )
            for key, each in value.items()
        }
    if isinstance(value, int | float) and len(str(value)) >= DIGITS_OF_A_PHONE:
        return None if found.search(str(value)) else value
    return value
