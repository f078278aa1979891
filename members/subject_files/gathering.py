"""Reads what the registry says is kept about one member, in two ways: for programs, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format

from members.erasure import ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.models import Field, Model
    from django.utils.functional import _StrOrPromise

    from members.erasure.ports import Asked, Holding

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Part:
    """What one table keeps: plain values under their keys; labels are translated when shown."""

    key: str
    label: _StrOrPromise
    fields: Mapping[str, _StrOrPromise]
    rows: Sequence[Mapping[str, Any]]
    words: Mapping[str, Mapping[Any, _StrOrPromise]]

    def shown(self) -> list[list[str]]:
        """Return the rows as people read them, in the language of the moment."""
        return [[self._cell(key, row.get(key)) for key in self.fields] for row in self.rows]

    def _cell(self, key: str, value: Any) -> str:
        words = self.words.get(key)
        return shown(words.get(value, value) if words else value)


def parts_of(*, asked: Asked) -> list[Part]:
    """Return everything kept about a member that is to be told; empty parts are told too."""
    return [_part(holding, asked) for holding in _told() if holding.fields]


def _told() -> list[Holding]:
    """The basics first, then as they go."""
    every = [holding for holding in ports.holdings() if not holding.untold]
    return sorted(every, key=lambda holding: -holding.order)


def _part(holding: Holding, asked: Asked) -> Part:
    rows = list(holding.tell(asked) if holding.tell is not None else _rows(holding, asked))
    words = {} if holding.tell is not None else _words(holding)
    key = holding.model._meta.model_name or ""
    return Part(key, holding.label, holding.fields, rows, words)


def _rows(holding: Holding, asked: Asked) -> Iterator[Mapping[str, Any]]:
    rows = holding.model._base_manager.filter(
        brand_id=asked.brand_id, **{holding.columns[0]: asked.member_id}
    )
    yield from rows.order_by("pk").values(*holding.fields)


def _words(holding: Holding) -> dict[str, Mapping[Any, _StrOrPromise]]:
    found = {key: _field(holding.model, key) for key in holding.fields}
    return {key: dict(field.flatchoices) for key, field in found.items() if field.flatchoices}


def _field(model: type[Model], path: str) -> Field[Any, Any]:
    *relations, last = path.split("__")
    for name in relations:
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    return model._meta.get_field(last)  # type: ignore[return-value]


def shown(value: Any) -> str:
    """Return a value as people read it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "Y-m-d H:i")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
