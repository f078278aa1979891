"""Rows of a member file made ready for the database."""

from __future__ import annotations

from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Any

from core.kernel import crypto
from members.custom_fields import rules as custom_rules
from members.imports import values
from members.imports.fields import CUSTOM, MEMBER_FIELDS, own_field, plain
from members.imports.preparing import Chunk, Job, Table
from members.imports.seen_keys import Met, SeenKeys
from members.imports.values import BadValue, Memo, read_or_bad
from members.profiles.rules import MOBILE, masked_phone
from members.vehicles.rules import has_right_check_digit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from members.custom_fields.rules import Spec
    from members.imports.reading.ports import Batch
    from members.imports.reasons import Problem

# What belongs to one member or car only, and so may stand in a file once.
KEYS = ("customer_no", "phone", "app_user", "unionid", "vin")
VEHICLE = ("vin", "model", "delivered_on")
VIN_TAIL = 6
PHONE_TAIL = 4


def read_phones(cells: list[str]) -> list[Any]:
    """Return E.164 forms; the usual eleven digits without any detour."""
    usual, read = MOBILE, values.read_phone
    return [f"+86{raw}" if usual(raw) else read_or_bad(read, raw) for raw in cells]


def read_numbers(cells: list[str]) -> list[Any]:
    """Return identifiers; those of plain letters and digits without any detour."""
    read = values.read_number
    return [
        raw if raw.isalnum() and raw.isascii() and len(raw) <= 64 else read_or_bad(read, raw)
        for raw in cells
    ]


def each(read: Callable[[str], Any]) -> Callable[[list[str]], list[Any]]:
    """Return a reader of columns whose values hardly repeat."""
    return lambda cells: [read_or_bad(read, raw) for raw in cells]


def referring(known: dict[str, Any], code: str) -> Memo:
    """Return a reader of names of things we know."""

    def read(raw: str) -> Any:
        try:
            found = known[plain(raw)]
        except KeyError:
            raise BadValue(code) from None
        if found is None:
            raise BadValue("ambiguous")
        return found

    return Memo(read)


def own_reader(spec: Spec, date_order: str) -> Callable[[list[str]], list[Any]]:
    """Return a reader of one of the brand's own fields."""

    def read(raw: str) -> Any:
        if spec.kind == "date":
            return values.read_day(raw, date_order)
        try:
            return custom_rules.from_text(spec, raw)
        except custom_rules.BadValue as bad:
            raise BadValue(str(bad)) from None

    return each(read) if spec.kind == "text" else Memo(read)


class MemberPreparer:
    """Goes through a member file from its start; remembers which keys it has met."""

    def __init__(self, job: Job, *, keys: Collection[str] = KEYS) -> None:
        """Prepare the readers of each column; ``keys`` may stand in the rows once."""
        self._job, options = job, job.options
        self._seen = {name: SeenKeys() for name in KEYS if name in keys and name in job.mapping}
        self._met: Met | None = None
        if {"customer_no", "phone"} <= self._seen.keys():
            self._met = Met(self._seen["customer_no"], self._seen["phone"], SeenKeys())
        when: dict[str, Any] = {"order": options.date_order, "today": job.today}
        self._read: dict[str, Callable[[list[str]], list[Any]]] = {
            "customer_no": read_numbers,
            "display_name": each(values.read_name),
            "phone": read_phones,
            "gender": Memo(values.read_gender),
            "city": referring(job.known.cities, "city"),
            "home_dealer": referring(job.known.dealers, "home_dealer"),
            "stage": Memo(values.read_stage),
            "joined_on": Memo(partial(values.read_past_day, **when)),
            "last_active_at": each(partial(values.read_past_moment, **when)),
            "app_user": each(values.read_id),
            "unionid": each(values.read_id),
            "vin": each(partial(values.read_vin, is_domestic=options.is_domestic)),
            "model": referring(job.known.models, "model"),
            "delivered_on": Memo(partial(values.read_delivery, **when)),
            "tags": Memo(partial(values.read_tags, group=options.tag_group)),
            "consent": Memo(values.read_yes_no),
        }
        self._own = {spec.name: spec for spec in job.known.custom}
        self._fields = (*MEMBER_FIELDS, *map(own_field, job.known.custom))
        for spec in job.known.custom:
            self._read[spec.name] = own_reader(spec, options.date_order)

    def prepare(self, batch: Batch, *, only_keys: bool = False) -> Chunk:
        """Return a chunk; with ``only_keys`` merely remember which keys the rows had."""
        table = Table(batch, self._job, self._fields)
        names = KEYS if only_keys else [f.name for f in self._fields]
        found = {name: table.read(name, self._read[name]) for name in names if table.has(name)}
        if "phone" in found:
            found["phone_hash"] = self._hashed("phone", found["phone"])
        if only_keys:
            self._refuse_repeated(table, found)
            return Chunk(position=batch.position, columns=[])
        empty: list[None] = [None] * len(table.numbers)
        customers = found.get("customer_no", empty)
        phones = found.get("phone", empty)
        self._refuse_keyless(table, customers, phones)
        if "vin" in found:
            _refuse_incomplete_vehicles(table, found)
        self._refuse_repeated(table, found)
        good = table.good()
        kept = {name: list(compress(column, good)) for name, column in found.items()}
        chunk = table.chunk(batch, self._columns(kept), good)
        chunk.met = self._met
        if "vin" in found and not self._job.options.is_domestic:
            chunk.warnings = list(_odd_vins(table, found["vin"], good))
        numbers = compress(table.numbers, good)
        for number, tags in zip(numbers, kept.get("tags", ()), strict=False):
            chunk.tags += [(number, group, tag) for group, tag in tags or ()]
        for name, spec in self._own.items():
            for number, value in zip(compress(table.numbers, good), kept[name], strict=True):
                chunk.custom += [(number, *row) for row in custom_rules.rows_of(spec, value)]
        return chunk

    def _refuse_keyless(self, table: Table, customers: list[Any], phones: list[Any]) -> None:
        for i, (customer, phone) in enumerate(zip(customers, phones, strict=True)):
            if customer is None and phone is None and table.numbers[i] not in table.problems:
                table.refuse(i, "customer_no" if table.has("customer_no") else "phone", "no_key")

    def _refuse_repeated(self, table: Table, found: dict[str, list[Any]]) -> None:
        """Refuse a key that an earlier row had, even if that row is refused for something else."""
        for name, seen in self._seen.items():
            column, keys = found[name], found["phone_hash" if name == "phone" else name]
            at = [i for i, value in enumerate(column) if value is not None]
            firsts = seen.first_rows([keys[i] for i in at], [table.numbers[i] for i in at])
            for i, first in zip(at, firsts, strict=True):
                if first:
                    table.refuse(i, name, "duplicate", column[i], str(first))
        if self._met is not None:
            pairs = enumerate(zip(found["customer_no"], found["phone_hash"], strict=True))
            alone = [(i, key) for i, (number, key) in pairs if number is None and key is not None]
            rows = [table.numbers[i] for i, _key in alone]
            self._met.alone.first_rows([key for _i, key in alone], rows)

    def _columns(self, kept: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return the columns of the staging table, the personal ones sealed."""
        columns = {
            name: column
            for name, column in kept.items()
            if name not in {"phone", "vin", "tags", "city", "home_dealer", "model"}
            and not name.startswith(CUSTOM)
        }
        for name in ("city", "home_dealer", "model"):
            if name in kept:
                columns[f"{name}_id"] = kept[name]
        if "phone" in kept:
            columns["phone_cipher"] = _encrypted(kept["phone"])
            columns["phone_hash"] = [v and f"\\x{v}" for v in kept["phone_hash"]]
            columns["phone_masked"] = [v and masked_phone(v) for v in kept["phone"]]
            columns["phone_tail"] = [v and v[-PHONE_TAIL:] for v in kept["phone"]]
        if "vin" in kept:
            columns["vin_cipher"] = _encrypted(kept["vin"])
            columns["vin_hash"] = [v and f"\\x{v}" for v in self._hashed("vin", kept["vin"])]
            columns["vin_tail"] = [v and v[-VIN_TAIL:] for v in kept["vin"]]
        return columns

    def _hashed(self, kind: str, column: list[str | None]) -> list[str | None]:
        """Return keyed hashes in hexadecimal."""
        plain_texts = [value for value in column if value is not None]
        brand_id = self._job.brand_id
        hashes = iter(crypto.lookup_hashes(brand_id=brand_id, kind=kind, values=plain_texts))
        return [None if value is None else next(hashes).hex() for value in column]


def _encrypted(column: list[str | None]) -> list[str | None]:
    """Return ciphers in the text form of bytea."""
    ciphers = iter(crypto.encrypt_many([value for value in column if value is not None]))
    return [None if value is None else "\\x" + next(ciphers).hex() for value in column]


def _odd_vins(table: Table, vins: list[Any], good: list[bool]) -> Iterator[Problem]:
    """Yield what to look at again: VINs of cars built abroad whose check digit does not fit."""
    for i, vin in enumerate(vins):
        if good[i] and vin is not None and not has_right_check_digit(vin):
            yield table.warning(i, "vin", "vin_check_digit", vin)


def _refuse_incomplete_vehicles(table: Table, found: dict[str, list[Any]]) -> None:
    parts = [found[name] for name in VEHICLE]
    for i, vehicle in enumerate(zip(*parts, strict=True)):
        if None in vehicle and any(v is not None for v in vehicle):
            if table.numbers[i] in table.problems:
                continue  # The part is not missing but wrong, and that is said already.
            name = VEHICLE[vehicle.index(None)]
            table.refuse(i, name, "vehicle_incomplete")
