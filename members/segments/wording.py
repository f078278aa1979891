"""Conditions in words for people, and as the builder wants them described."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.kernel import formats
from members.segments import rules
from members.segments.ports import InputKind, Option, registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from members.segments.ports import Comparison, Criterion, Input
    from members.segments.rules import Group, Leaf

# Longer lists of choices are asked for by what is typed instead of standing in the page.
MOST_OPTIONS = 500
MOST_NAMES = 4


class Words:
    """Says conditions of one brand in words; each list of choices is read once."""

    def __init__(self, brand_id: int) -> None:
        """Keep whose choices are meant."""
        self._brand_id = brand_id
        self.fields = registry.of(brand_id)
        self._options: dict[Any, Sequence[Option]] = {}

    def options(self, each: Input) -> Sequence[Option]:
        """Return what the brand can choose from."""
        if each.options is None:
            return ()
        if each.options not in self._options:
            self._options[each.options] = each.options(self._brand_id)
        return self._options[each.options]

    def condition(self, leaf: Leaf) -> str:
        """Return one condition, such as "Tag has any of 露营、自驾"."""
        parts = [str(leaf.criterion.label), str(leaf.comparison.label)]
        for place, each in enumerate(leaf.comparison.inputs):
            if each.name in leaf.value:
                parts.append(self._value(each, leaf.value[each.name], is_main=place == 0))
        return " ".join(parts)

    def _value(self, each: Input, value: Any, *, is_main: bool) -> str:
        if each.kind == InputKind.DAYS:
            return str(_("in the last %d days") % value)
        said = self._plain(each, value)
        return said if is_main else f"{each.label} {said}"

    def _plain(self, each: Input, value: Any) -> str:
        if each.kind == InputKind.CHOICES:
            return self._names(each, value)
        if each.kind == InputKind.MONEY:
            return formats.yuan(value)
        if each.kind == InputKind.DATE:
            return date_format(value, "Y-m-d")
        if each.kind == InputKind.TEXT:
            return f"「{value}」"
        said = f"{value:f}" if isinstance(value, Decimal) else value
        return f"{said} {each.unit}".strip()

    def _names(self, each: Input, chosen: list[int | str]) -> str:
        labels = {option.value: str(option.label) for option in self.options(each)}
        names = [labels.get(value, str(value)) for value in chosen[:MOST_NAMES]]
        said = formats.listed(names)
        if len(chosen) > MOST_NAMES:
            said += " " + _("and %d more") % (len(chosen) - MOST_NAMES)
        return said

    def criteria(self, tree: Group | None, options_url: str) -> list[dict[str, Any]]:
        """Return every field as the builder wants it.

        Choices that are too many for the page come from ``options_url``; those that ``tree`` has
        picked already come along.
        """
        picked = _picked(tree)
        return [
            {
                "field": criterion.field,
                "label": str(criterion.label),
                "group": str(criterion.group),
                "operators": [
                    self._operator(criterion, cmp, picked, options_url)
                    for cmp in criterion.comparisons
                ],
            }
            for criterion in self._offered(tree)
        ]

    def _offered(self, tree: Group | None) -> list[Criterion]:
        """Return the fields to choose from, and hidden ones that the tree has already."""
        named = rules.leaves(tree) if tree is not None else ()
        hidden = {
            leaf.criterion.field: leaf.criterion for leaf in named if leaf.criterion.is_hidden
        }
        return [*self.fields.all(), *hidden.values()]

    def _operator(
        self, criterion: Criterion, cmp: Comparison, picked: dict[Any, set[Any]], url: str
    ) -> dict[str, Any]:
        inputs = []
        for each in cmp.inputs:
            described = {
                "name": each.name,
                "kind": str(each.kind),
                "label": str(each.label),
                "required": each.required,
                "unit": str(each.unit),
                "low": each.low,
                "high": each.high,
                "default": each.default,
                "advanced": each.advanced,
                "places": each.places,
            }
            if each.options is not None:
                described |= self._choices(criterion, each, picked, url)
            inputs.append(described)
        return {"cmp": cmp.key, "label": str(cmp.label), "inputs": inputs}

    def _choices(
        self, criterion: Criterion, each: Input, picked: dict[Any, set[Any]], url: str
    ) -> dict[str, Any]:
        options, chosen = self.options(each), picked.get(each.options, set())
        if each.existing is not None:
            beyond = each.existing(self._brand_id, chosen - {o.value for o in options})
            options = [*options, *(Option(value, str(value)) for value in sorted(beyond, key=str))]
        if len(options) <= MOST_OPTIONS:
            return {"options": plain(options)}
        known = [option for option in options if option.value in chosen]
        return {"options_url": f"{url}?of={criterion.field}.{each.name}", "known": plain(known)}


def plain(options: Sequence[Option]) -> list[dict[str, Any]]:
    """Return options as JSON values; where two are called the same, their heading tells which."""
    labels = [str(option.label) for option in options]
    twice = {label for label, times in Counter(labels).items() if times > 1}
    return [
        {
            "value": option.value,
            "label": f"{option.group} · {label}" if label in twice and option.group else label,
        }
        for option, label in zip(options, labels, strict=True)
    ]


def matching(options: Sequence[Option], query: str) -> list[Option]:
    """Return the options whose label or heading holds ``query``, at most MOST_OPTIONS."""
    wanted = query.strip().lower()
    found = (o for o in options if wanted in f"{o.group} {o.label}".lower())
    return list(islice(found, MOST_OPTIONS))


def _picked(tree: Group | None) -> dict[Any, set[Any]]:
    picked: dict[Any, set[Any]] = {}
    for leaf in rules.leaves(tree) if tree is not None else ():
        for each in leaf.comparison.inputs:
            if each.options is not None and each.name in leaf.value:
                picked.setdefault(each.options, set()).update(leaf.value[each.name])
    return picked
