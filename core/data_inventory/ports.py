"""How an app declares its tables: each in ``<app>/data_classes.py``, announced in ``ready``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrOrPromise


class DataClass(StrEnum):
    """How much harm the value does in the wrong hands."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


class Purpose(StrEnum):
    """What the brand keeps it for."""

    RUNNING = "running"
    PEOPLE = "people"
    CARS = "cars"
    ORDERS = "orders"
    CARE = "care"
    CONSENT = "consent"
    COMMUNITY = "community"
    EVENT = "event"
    POINTS = "points"
    IMPORT = "import"
    STAFF = "staff"
    PROOF = "proof"


class Keep(StrEnum):
    """How long it is kept."""

    BRAND = "brand"
    MEMBER = "member"
    ACCOUNT = "account"
    PROOF = "proof"
    MOMENT = "moment"
    WEEK = "week"
    SIGN_IN = "sign_in"
    FILE = "file"
    IMPORT = "import"
    TASK = "task"
    MESSAGE = "message"
    TAG_HISTORY = "tag_history"
    SNAPSHOT = "snapshot"


class Mask(StrEnum):
    """How it is shown."""

    PLAIN = "plain"
    NAME = "name"
    PART = "part"
    END = "end"
    HIDDEN = "hidden"
    SEALED = "sealed"
    SEALED_QUERY = "sealed_query"
    SEALED_ROW = "sealed_row"
    HASHED = "hashed"


CLASSES: dict[str, _StrOrPromise] = {
    DataClass.PUBLIC: _("Public"),
    DataClass.INTERNAL: _("Internal"),
    DataClass.PERSONAL: _("Personal"),
    DataClass.SENSITIVE: _("Sensitive"),
}
PURPOSES: dict[str, _StrOrPromise] = {
    Purpose.RUNNING: _("Running the product"),
    Purpose.PEOPLE: _("Knowing and reaching members"),
    Purpose.CARS: _("Cars and who owns them"),
    Purpose.ORDERS: _("Purchases"),
    Purpose.CARE: _("Choosing whom to care for and how"),
    Purpose.CONSENT: _("What members agreed to"),
    Purpose.COMMUNITY: _("Communities and their messages"),
    Purpose.EVENT: _("Events and who comes to them"),
    Purpose.POINTS: _("What members earned and spent"),
    Purpose.IMPORT: _("Taking in files"),
    Purpose.STAFF: _("Accounts of staff and programs"),
    Purpose.PROOF: _("Proof of who did what"),
}
KEEPS: dict[str, _StrOrPromise] = {
    Keep.BRAND: _("as long as the brand works with it"),
    Keep.MEMBER: _("until the member is deleted"),
    Keep.ACCOUNT: _("as long as the account exists"),
    Keep.PROOF: _("unchanged, for good"),
    Keep.MOMENT: _("minutes to hours, until it has served"),
    Keep.WEEK: _("seven days"),
    Keep.SIGN_IN: _("90 days"),
    Keep.FILE: _("by the rule for files"),
    Keep.IMPORT: _("by the rule for what imports left"),
    Keep.TASK: _("by the rule for tasks that ended"),
    Keep.MESSAGE: _("by the rule for messages"),
    Keep.TAG_HISTORY: _("by the rule for the history of tags"),
    Keep.SNAPSHOT: _("by the rule for snapshots of segments"),
}
MASKS: dict[str, _StrOrPromise] = {
    Mask.PLAIN: _("as it is, to whoever may see the row"),
    Mask.NAME: _("first and last character, whole to who may change it"),
    Mask.PART: _("kept as a part or masked already"),
    Mask.END: _("its end alone, whole by revealing only"),
    Mask.HIDDEN: _("never shown"),
    Mask.SEALED: _("encrypted, shown by revealing only"),
    Mask.SEALED_QUERY: _("what was typed is encrypted and not shown"),
    Mask.SEALED_ROW: _("a row that was kept; what is encrypted in it stays encrypted"),
    Mask.HASHED: _("keyed hash, never shown"),
}
# Fields whose encrypted bytes a rotation of the keys has to reach.
SEALED_MASKS = frozenset({Mask.SEALED, Mask.SEALED_QUERY, Mask.SEALED_ROW})


@dataclass(frozen=True, slots=True)
class FieldClass:
    """What is said about one field."""

    data_class: DataClass
    purpose: Purpose
    keep: Keep
    mask: Mask


@dataclass(frozen=True, slots=True)
class Holding:
    """What is said about one table: ``model`` is its label, such as ``members.Member``."""

    model: str
    fields: Mapping[str, FieldClass]


_holdings: dict[str, Holding] = {}


def holding(
    model: str,
    purpose: Purpose,
    keep: Keep,
    *,
    public: str = "",
    internal: str = "",
    personal: Mapping[str, Mask] | None = None,
    sensitive: Mapping[str, Mask] | None = None,
) -> Holding:
    """Declare a table; ``public`` and ``internal`` name fields, the others also say how shown.

    Raises:
        ValueError: a field is named twice, or a sensitive one is shown as it is.
    """
    fields: dict[str, FieldClass] = {}

    def put(data_class: DataClass, masks: Mapping[str, Mask]) -> None:
        for name, mask in masks.items():
            if name in fields:
                raise ValueError(f"{model}.{name} is classified twice.")
            fields[name] = FieldClass(data_class, purpose, keep, mask)

    put(DataClass.PUBLIC, dict.fromkeys(public.split(), Mask.PLAIN))
    put(DataClass.INTERNAL, dict.fromkeys(internal.split(), Mask.PLAIN))
    put(DataClass.PERSONAL, personal or {})
    put(DataClass.SENSITIVE, sensitive or {})
    if shown := [name for name, mask in (sensitive or {}).items() if mask == Mask.PLAIN]:
        raise ValueError(f"{model} shows sensitive fields as they are: {shown}.")
    return Holding(model, fields)


def register_holdings(*holdings: Holding) -> None:
    """Announce tables; called from ``AppConfig.ready``. Doing it twice is harmless."""
    _holdings.update({each.model.lower(): each for each in holdings})


def holding_of(model: str) -> Holding | None:
    """Return what is said about a table, by its label in any case."""
    return _holdings.get(model.lower())


def all_holdings() -> list[Holding]:
    """Return every declaration."""
    return list(_holdings.values())
