"""How people read the trail: a sentence per action, a name and an address per subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.kernel.formats import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.models import Model
    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Viewer


class Describe(Protocol):
    """Names subjects of one kind, in one query."""

    def __call__(self, *, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
        """Return name and address of those the viewer may see; an address may be empty."""


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """What an entry can be about. Without ``describe`` its number stands for it."""

    label: _StrOrPromise
    describe: Describe | None = None


_actions: dict[str, _StrOrPromise] = {}
_values: dict[str, list[Mapping[str, _StrOrPromise]]] = {}
_items: dict[str, _StrOrPromise] = {}
_subjects: dict[str, SubjectKind] = {}


def register_actions(sentences: Mapping[str, _StrOrPromise]) -> None:
    """Announce sentences such as ``{"segment.created": _("created the segment")}``.

    They follow the actor's name and precede the subject's; ``%(count)s`` takes a value of the
    entry's ``data``. Called from ``AppConfig.ready``.
    """
    _actions.update(sentences)


def register_values(name: str, words: Mapping[str, _StrOrPromise]) -> None:
    """Announce how values of the data item ``name`` read, such as a role's key as its label.

    ``words`` may still grow; of two words for one value the last announced holds.
    """
    _values.setdefault(name, []).append(words)


def register_field_names(*models: type[Model]) -> None:
    """Announce how fields that somebody changed are called: as their models name them."""
    for model in models:
        named = {f.name: f.verbose_name for f in model._meta.concrete_fields}
        words = {name: word for name, word in named.items() if isinstance(word, Promise)}
        register_values("fields", words)


def register_items(names: Mapping[str, _StrOrPromise]) -> None:
    """Announce how items of an entry's data are called, such as ``{"why": _("Reason")}``."""
    _items.update(names)


def register_subjects(kinds: Mapping[str, SubjectKind]) -> None:
    """Announce kinds of subjects by their model label, such as ``members.segment``."""
    _subjects.update(kinds)


def sentence_of(action: str, data: Mapping[str, Any]) -> str:
    """Return the action in words; an unknown one shows its plain name."""
    sentence = str(_actions.get(action) or action.replace(".", " ").replace("_", " "))
    try:
        return sentence % _in_words(data) if "%(" in sentence else sentence
    except (KeyError, TypeError, ValueError):
        return action  # The data of an older version lacks what today's sentence tells.


def _in_words(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _word(name, value) for name, value in data.items()}


def _word(name: str, value: Any) -> Any:
    """Return how a value reads: as announced last, or as it is."""
    for words in reversed(_values.get(name, [])):
        if (word := words.get(str(value))) is not None:
            return word
    return value


def item_in_words(name: str, value: Any) -> tuple[str, Any]:
    """Return an item of an entry's data as people read it; what is unknown as it is written."""
    label = str(_items.get(name, name))
    if isinstance(value, bool):
        return label, _("Yes") if value else _("No")
    if isinstance(value, list):
        return label, listed(_word(name, one) for one in value)
    return label, _word(name, value)


def known_actions() -> list[tuple[str, str]]:
    """Return every action that has a sentence, by its sentence."""
    bare = ((action, str(sentence)) for action, sentence in _actions.items())
    return sorted(((a, _without_values(s)) for a, s in bare), key=lambda pair: pair[1])


def subject_kind(subject_type: str) -> SubjectKind:
    """Return how people read a kind of subject."""
    return _subjects.get(subject_type) or SubjectKind(subject_type.rsplit(".", maxsplit=1)[-1])


def known_subjects() -> list[tuple[str, str]]:
    """Return every kind of subject that has a name."""
    pairs = ((key, str(kind.label)) for key, kind in _subjects.items())
    return sorted(pairs, key=lambda pair: pair[1])


def _without_values(sentence: str) -> str:
    return sentence.split("%(", maxsplit=1)[0].rstrip(" :：(（") if "%(" in sentence else sentence
