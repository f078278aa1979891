"""What a kind of run must offer, and where the kinds are registered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from django.db.models import Model
    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Viewer
    from core.runs.models import Run


@dataclass(frozen=True)
class RunView:
    """What a handler is told: plain values, so that it cannot move the row itself."""

    id: int
    brand_id: int
    params: Mapping[str, Any]
    cursor: Mapping[str, Any]
    done: int
    total: int | None

    @classmethod
    def of(cls, run: Run) -> RunView:
        """Return what is told of a row."""
        return cls(run.pk, run.brand_id, run.params, run.cursor, run.done, run.total)


@dataclass(frozen=True)
class Step:
    """What one step achieved.

    ``cursor`` replaces the run's; ``done`` and ``total`` are absolute; ``result`` is merged into
    the run's result; ``finished`` ends the run. ``waits`` lets it rest until somebody decides:
    ``runs.services.let_go`` or ``turn_down``.
    """

    cursor: dict[str, Any] = field(default_factory=dict)
    done: int = 0
    total: int | None = None
    result: dict[str, Any] = field(default_factory=dict)
    finished: bool = False
    waits: bool = False


class RunHandler(Protocol):
    """Does one kind of run, a bounded step at a time.

    ``step`` runs inside the brand's transaction. Its writes and the cursor it returns commit
    together or not at all, so a killed worker repeats nothing and skips nothing. A step should
    stay under a few seconds and must not call the network. It raises ``DomainError`` to end the
    run as failed with a message for people.
    """

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Do the next bounded piece."""

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Tidy up what a cancelled or refused run leaves, in the transaction that ends it.

        Not called for a run that broke: it keeps everything, so that a person can let it go on.
        """


@dataclass(frozen=True)
class RunWords:
    """How people read a kind of run: its name, and the names of its ``result["counts"]``."""

    label: _StrOrPromise
    counts: Mapping[str, _StrOrPromise] = field(default_factory=dict)
    icon: str = "tasks"


@dataclass(frozen=True, slots=True)
class RunNote:
    """What a kind of run adds to its page: words, and where to go on."""

    text: _StrOrPromise
    strong: _StrOrPromise = ""
    tone: str = "info"
    url: str = ""
    link: _StrOrPromise = ""


class NoteProvider(Protocol):
    """Says what else a person should know who looks at a run."""

    def __call__(self, *, run: Run, viewer: Viewer, now: datetime) -> RunNote | None:
        """Return the note, or None where there is nothing to say."""


_handlers: dict[str, RunHandler] = {}
_notes: dict[str, NoteProvider] = {}
_words: dict[str, RunWords] = {}
_fills: dict[str, Collection[type[Model]]] = {}


def register_run_kind(
    kind: str,
    handler: RunHandler,
    words: RunWords | None = None,
    *,
    fills: Collection[type[Model]] = (),
) -> None:
    """Announce a kind; called from ``AppConfig.ready``.

    ``fills`` names the models whose tables it can multiply: after each step the planner learns of
    those that grew a lot, so that the next statement over them is planned for what is there.

    A finished run's ``result`` is ``{"counts": {name: number}, "files": [{"label", "file_id"}]}``.
    Labels are stored untranslated (``gettext_noop``) and shown in the reader's language.
    """
    _handlers[kind] = handler
    if words is not None:
        _words[kind] = words
    _fills[kind] = fills


def words_of(kind: str) -> RunWords:
    """Return how people read a kind; an unknown one shows its plain name."""
    return _words.get(kind) or RunWords(label=kind.replace("_", " "))


def kinds_in_words() -> list[tuple[str, _StrOrPromise]]:
    """Return every kind that people can look for."""
    return [(kind, words.label) for kind, words in _words.items()]


def handler_of(kind: str) -> RunHandler:
    """Return the handler of a kind.

    Raises:
        KeyError: no app registered it.
    """
    return _handlers[kind]


def filled_by(kind: str) -> Collection[type[Model]]:
    """Return the models whose tables a kind can multiply."""
    return _fills.get(kind, ())


def register_run_note(kind: str, provider: NoteProvider) -> None:
    """Announce what else the page of a kind's runs says; called from ``AppConfig.ready``."""
    _notes[kind] = provider


def note_provider_of(kind: str) -> NoteProvider | None:
    """Return who has something to say about a kind's runs."""
    return _notes.get(kind)
