from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.text import camel_case_to_spaces, capfirst
from django.utils.translation import override, pgettext

from core.data_inventory import ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Field, Model

    from core.data_inventory.ports import FieldClass

LANGUAGE_OF_PAGE = "en"


@dataclass(frozen=True, slots=True)
class Item:
    """One field with what is said about it."""

    model: type[Model]
    field: str
    said: FieldClass

    @property
    def data_class(self) -> str:
        """Its class in words."""
        return str(ports.CLASSES[self.said.data_class])

    @property
    def purpose(self) -> str:
        """What it is kept for, in words."""
        return str(ports.PURPOSES[self.said.purpose])

    @property
    def keep(self) -> str:
        """How long it is kept, in words."""
        return str(ports.KEEPS[self.said.keep])

    @property
    def mask(self) -> str:
        """How it is shown, in words."""
        return str(ports.MASKS[self.said.mask])


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the declarations get wrong; ``field`` is empty where it is the table."""

    model: str
    field: str
    kind: str  # table, field, gone, gone_table


def kept_models() -> list[type[Model]]:
    """Return every model that has a table, those Django makes for many-to-many included."""
    every = apps.get_models(include_auto_created=True)
    return sorted((m for m in every if m._meta.managed and not m._meta.proxy), key=_label)


def name_of(model: type[Model]) -> str:
    """Return what people call a table, in the language that is active."""
    words = camel_case_to_spaces(model.__name__).replace("_", " ")
    return pgettext("table", capfirst(words))


def kept_fields(model: type[Model]) -> list[Field]:  # type: ignore[type-arg]
    """Return the fields that have a column."""
    return [field for field in model._meta.local_fields if field.column]


def gaps(*, models: Sequence[type[Model]] | None = None) -> Iterator[Gap]:
    """Yield what nobody has classified, and what is classified but gone."""
    for model in models if models is not None else kept_models():
        said = ports.holding_of(_label(model))
        if said is None:
            yield Gap(_label(model), "", "table")
            continue
        there = {field.name for field in kept_fields(model)}
        yield from (Gap(_label(model), name, "field") for name in sorted(there - {*said.fields}))
        yield from (Gap(_label(model), name, "gone") for name in sorted({*said.fields} - there))
    if models is None:
        known = {_label(model).lower() for model in kept_models()}
        for each in ports.all_holdings():
            if each.model.lower() not in known:
                yield Gap(each.model, "", "gone_table")


def items() -> Iterator[Item]:
    """Yield every classified field, table by table."""
    for model in kept_models():
        said = ports.holding_of(_label(model))
        for field in kept_fields(model) if said else ():
            if said and field.name in said.fields:
                yield Item(model, field.name, said.fields[field.name])


def sealed_items() -> list[Item]:
    """Return the fields whose bytes are encrypted with a key of the ring."""
    return [item for item in items() if item.said.mask in ports.SEALED_MASKS]


def as_markdown() -> str:
    """Return the page docs/data-inventory.md, in English whoever asks."""
    with override(LANGUAGE_OF_PAGE):
        return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Data inventory"
    yield ""
    yield "Written by `manage.py data_inventory` from `*/data_classes.py`; do not edit by hand."
    yield "A field without a class fails `manage.py check`, every command and the tests."
    before = None
    for item in items():
        if item.model is not before:
            before = item.model
            yield from ("", f"## {_label(item.model)}", "")
            yield "| field | class | purpose | kept | shown |"
            yield "|---|---|---|---|---|"
        said = (item.data_class, item.purpose, item.keep, item.mask)
        yield f"| `{item.field}` | {' | '.join(map(_cell, said))} |"


def _cell(text: str) -> str:
    return text.replace("|", "/")


def _label(model: type[Model]) -> str:
    return model._meta.label


def words_of(gap: Gap) -> str:
    """Return what is wrong and what to do about it."""
    where = f"{gap.model}.{gap.field}" if gap.field else gap.model
    texts = {
        "table": "has no data classes. Declare it in its app's data_classes.py.",
        "field": "has no data class. Add it in its app's data_classes.py.",
        "gone": "is classified but is no field. Take it out of data_classes.py.",
        "gone_table": "is classified but is no table. Take it out of data_classes.py.",
    }
    return f"{where} {texts[gap.kind]}"
