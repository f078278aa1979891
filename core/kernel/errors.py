"""Errors a caller can act on. Entry points turn them into 4xx; anything else is a bug."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What sort of no it is; ``core.kernel.api`` maps each to one HTTP status."""

    INVALID = "invalid"  # 422: the input breaks a rule; ``problems`` name the fields
    REFUSED = "refused"  # 409: the state of the world forbids it now
    NOT_FOUND = "not_found"  # 404: absent, or not for this viewer
    GONE = "gone"  # 410: it was there, and is no more for anybody
    FORBIDDEN = "forbidden"  # 403: seen, but the role does not allow it
    STALE = "stale"  # 412: somebody changed it since it was read
    TOO_LARGE = "too_large"  # 413
    UNSUPPORTED = "unsupported"  # 415
    TOO_MANY = "too_many"  # 429: as often as is allowed within the time
    BUSY = "busy"  # 503: it met another act; the same request may work in a moment


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field. ``pointer`` is a JSON pointer such as ``/phone``."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """A business rule said no. ``code`` is stable and public; the text is for people."""

    code = "domain_error"
    kind = Kind.REFUSED

    def __init__(
        self, detail: str = "", *, problems: tuple[Problem, ...] = (), **facts: Any
    ) -> None:
        """Keep ``detail`` for people, ``problems`` for forms and ``facts`` for programs.

        ``facts`` are JSON values such as ``next_allowed_at``; the API returns them as members.
        """
        super().__init__(detail or self.code)
        self.problems = problems
        self.facts = facts


class InvalidInput(DomainError):
    """The input breaks a rule; each problem names its field and the way out."""

    code = "invalid_input"
    kind = Kind.INVALID

    @classmethod
    def on(cls, pointer: str, detail: str, code: str = "invalid") -> InvalidInput:
        """Return the error of one field."""
        return cls(detail, problems=(Problem(pointer, code, detail),))

    def below(self, pointer: str) -> InvalidInput:
        """Return the same error about a part that stands at ``pointer`` of a larger input."""
        moved = (Problem(pointer + each.pointer, each.code, each.detail) for each in self.problems)
        return type(self)(str(self), problems=tuple(moved), **self.facts)


class NotFound(DomainError):
    """Absent, or not visible to this viewer; callers cannot tell which."""

    code = "not_found"
    kind = Kind.NOT_FOUND


class Forbidden(DomainError):
    """The viewer's roles do not include this act."""

    code = "forbidden"
    kind = Kind.FORBIDDEN


class StaleVersion(DomainError):
    """The row changed since the caller read it; nothing was written."""

    code = "stale_version"
    kind = Kind.STALE
