"""What a person decides about a whole file, beside the mapping."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel.errors import InvalidInput, Problem
from members.imports.fields import FIELDS, REQUIRED, TOGETHER, Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONSENT_PURPOSES = ("community", "marketing")
TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


class DateOrder(StrEnum):
    """In which order a date is written where the year does not stand in front."""

    AUTO = "auto"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class MoneyUnit(StrEnum):
    """What 1 in the amount column is worth."""

    YUAN = "yuan"
    FEN = "fen"
    FOREIGN = "foreign"  # 1.00 of ``currency`` counts as 1.00 yuan, said wherever it is shown


@dataclass(frozen=True)
class Options:
    """The defaults are right for a file that says everything itself."""

    date_order: str = DateOrder.AUTO
    money_unit: str = MoneyUnit.YUAN
    currency: str = ""
    consent: tuple[str, ...] = ()  # purposes given by everybody in the file
    consent_evidence: str = ""
    consent_version: str = ""  # of the text agreed to; empty is the one in force
    default_city: str = ""
    default_dealer: str = ""
    tags: str = ""
    tag_group: str = ""
    create_tags: bool = True
    is_domestic: bool = True
    language: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what ``parse`` reads again."""
        return asdict(self) | {"consent": list(self.consent)}


LENGTHS = {
    "consent_evidence": 160,
    "consent_version": 16,
    "tags": 400,
    "tag_group": 40,
    "currency": 8,
    "default_city": 40,
    "default_dealer": 80,
    "language": 10,
}


def parse_options(raw: Mapping[str, Any]) -> Options:
    """Return the options, or every problem with them at once.

    Raises:
        InvalidInput: an unknown name, or a value that the option does not have.
    """
    known = {field.name: field.default for field in fields(Options)}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in known:
            problems.append(_problem(name, "unknown", _("There is no option of this name.")))
            continue
        try:
            values[name] = _value(name, known[name], value)
        except ValueError as error:
            problems.append(_problem(name, "invalid", str(error)))
    if values.get("consent") and not values.get("consent_evidence"):
        text = _("Say where the consent is kept, such as “paper form, 2026 spring fair”.")
        problems.append(_problem("consent_evidence", "required", text))
    if values.get("money_unit") == MoneyUnit.FOREIGN and not values.get("currency"):
        problems.append(_problem("currency", "required", _("Name the currency, such as USD.")))
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    return Options(**values)


def _value(name: str, default: Any, value: Any) -> Any:
    if name == "consent":
        return _purposes(value)
    if isinstance(default, bool):
        word = str(value).casefold()
        if word not in TRUE_WORDS | FALSE_WORDS:
            raise ValueError(_("Say yes or no."))
        return word in TRUE_WORDS
    if isinstance(value, (bool, dict, list)):
        raise ValueError(_("Not of the right type."))  # noqa: TRY004  (a problem like the others)
    text = " ".join(str(value or "").split())
    choices = {"date_order": DateOrder, "money_unit": MoneyUnit}.get(name)
    if choices is not None:
        if text not in set(choices):
            raise ValueError(_("Choose one of: %s.") % ", ".join(choices))
        return str(choices(text))
    if len(text) > LENGTHS[name] or not text.isprintable():
        raise ValueError(_("At most %d characters.") % LENGTHS[name])
    return text


def _purposes(value: Any) -> tuple[str, ...]:
    """Return each purpose once, of a list or of words with commas between them."""
    words = value.split(",") if isinstance(value, str) else value or ()
    is_list = isinstance(words, (list, tuple))
    purposes = dict.fromkeys(str(word).strip() for word in words) if is_list else {"?": None}
    purposes.pop("", None)
    if not purposes.keys() <= set(CONSENT_PURPOSES):
        raise ValueError(_("Purposes are: %s.") % ", ".join(CONSENT_PURPOSES))
    return tuple(purposes)


def checked_mapping(
    subject: str, mapping: Mapping[str, str], headers: Sequence[str], own: Sequence[Field] = ()
) -> dict[str, str]:
    """Return {our field: their column} without the empty ones; ``own`` are the brand's fields.

    Raises:
        InvalidInput: an unknown field or column, a column used twice, or one that is needed.
    """
    chosen = {name: column for name, column in mapping.items() if column}
    problems: list[Problem] = []
    names = {field.name for field in (*FIELDS[subject], *own)}
    seen: set[str] = set()
    for name, column in chosen.items():
        if name not in names:
            problems.append(_mapped(name, "unknown_field", _("There is no field of this name.")))
        elif column not in headers:
            text = _("The file has no column “%s”.") % column[:80]
            problems.append(_mapped(name, "unknown_column", text))
        elif column in seen:
            text = _("Column “%s” is used for two fields.") % column[:80]
            problems.append(_mapped(name, "used_twice", text))
        seen.add(column)
    labels = {field.name: str(field.label) for field in FIELDS[subject]}
    for group in REQUIRED[subject]:
        if not any(name in chosen for name in group):
            wanted = _(" or ").join(labels[name] for name in group)
            problems.append(_mapped(group[0], "required", _("Choose the column of: %s.") % wanted))
    for name, others in TOGETHER.items():
        missing = [other for other in others if name in chosen and other not in chosen]
        problems += [
            _mapped(other, "required", _("A vehicle needs this column too.")) for other in missing
        ]
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(dict.fromkeys(problems)))
    return chosen


def _problem(name: str, code: str, detail: str) -> Problem:
    return Problem(f"/options/{name}", code, detail)


def _mapped(name: str, code: str, detail: str) -> Problem:
    return Problem(f"/mapping/{name}", code, detail)
