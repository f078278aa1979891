"""Rows of an order file made ready for the database."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Any

from core.kernel import crypto
from members.imports import values
from members.imports.fields import ORDER_FIELDS
from members.imports.member_rows import read_numbers, read_phones
from members.imports.preparing import Chunk, Job, Table
from members.imports.seen_keys import Occurrences, SeenKeys
from members.imports.values import Memo

if TYPE_CHECKING:
    from collections.abc import Callable

    from members.imports.reading.ports import Batch

NEEDED = ("ordered_at", "amount")
DERIVED_PREFIX = "X-"


class OrderPreparer:
    """Goes through an order file from its start; remembers which order numbers it has met."""

    def __init__(self, job: Job) -> None:
        """Prepare the readers of each column."""
        self._job, options = job, job.options
        self._seen = SeenKeys()
        self._contents = Occurrences()
        when: dict[str, Any] = {"order": options.date_order, "today": job.today}
        self._read: dict[str, Callable[[list[str]], list[Any]]] = {
            "order_no": read_numbers,
            "customer_no": Memo(values.read_number),
            "phone": read_phones,
            "ordered_at": Memo(partial(values.read_past_moment, **when)),
            "amount": Memo(partial(values.read_fen, unit=options.money_unit)),
            "quantity": Memo(values.read_quantity),
            "channel": Memo(values.read_channel),
            "category": Memo(values.read_category),
        }

    def prepare(self, batch: Batch, *, only_keys: bool = False) -> Chunk:
        """Return a chunk; with ``only_keys`` merely remember which keys the rows had."""
        table = Table(batch, self._job, ORDER_FIELDS)
        only_number = only_keys and table.has("order_no")
        names = ["order_no"] if only_number else [f.name for f in ORDER_FIELDS]
        found = {name: table.read(name, self._read[name]) for name in names if table.has(name)}
        if not only_keys:
            _refuse_incomplete(table, found)
        self._number(table, found)
        if only_keys:
            return Chunk(position=batch.position, columns=[])
        good = table.good()
        kept = {name: list(compress(column, good)) for name, column in found.items()}
        return table.chunk(batch, self._columns(kept), good)

    def _number(self, table: Table, found: dict[str, list[Any]]) -> None:
        """Refuse order numbers that an earlier row had; make numbers where the file has none.

        A made number depends on the content alone: the same row gets the same number wherever it
        stands, and the second of two equal rows its own.
        """
        if "order_no" not in found:
            contents = self._contents_of(found, len(table.numbers))
            ranks = self._contents.ranks(contents, table.numbers)
            found["order_no"] = [_made(c, r) for c, r in zip(contents, ranks, strict=True)]
            return
        column = found["order_no"]
        for i, value in enumerate(column):
            if value is None and table.numbers[i] not in table.problems:
                table.refuse(i, "order_no", "required")
        at = [i for i, value in enumerate(column) if value is not None]
        firsts = self._seen.first_rows([column[i] for i in at], [table.numbers[i] for i in at])
        for i, first in zip(at, firsts, strict=True):
            if first:
                table.refuse(i, "order_no", "duplicate", column[i], str(first))

    def _contents_of(self, found: dict[str, list[Any]], count: int) -> list[str]:
        empty: list[None] = [None] * count
        hashed = self._hashes(found["phone"]) if "phone" in found else empty
        named = zip(found.get("customer_no", empty), hashed, strict=True)
        owners = [number or phone for number, phone in named]
        times, amounts = found["ordered_at"], found["amount"]
        rows = zip(owners, times, amounts, found.get("quantity") or empty, strict=True)
        return [
            f"{owner}\x1f{at and int(at.timestamp())}\x1f{fen}\x1f{quantity}"
            for owner, at, fen, quantity in rows
        ]

    def _columns(self, kept: dict[str, list[Any]]) -> dict[str, list[Any]]:
        columns = {n: c for n, c in kept.items() if n not in {"phone", "amount"}}
        columns["amount_fen"] = kept["amount"]
        if "phone" in kept:
            columns["phone_hash"] = [v and f"\\x{v}" for v in self._hashes(kept["phone"])]
        return columns

    def _hashes(self, phones: list[str | None]) -> list[str | None]:
        present = [phone for phone in phones if phone is not None]
        hashed = crypto.lookup_hashes(brand_id=self._job.brand_id, kind="phone", values=present)
        hashes = iter(hashed)
        return [phone and next(hashes).hex() for phone in phones]


def _refuse_incomplete(table: Table, found: dict[str, list[Any]]) -> None:
    empty: list[None] = [None] * len(table.numbers)
    for name in NEEDED:
        for i, value in enumerate(found.get(name, empty)):
            if value is None and table.numbers[i] not in table.problems:
                table.refuse(i, name, "required")
    owners = zip(found.get("customer_no", empty), found.get("phone", empty), strict=True)
    for i, owner in enumerate(owners):
        if owner == (None, None) and table.numbers[i] not in table.problems:
            table.refuse(i, "customer_no" if table.has("customer_no") else "phone", "no_key")


def _made(content: str, rank: int) -> str:
    digest = hashlib.blake2b(content.encode(), digest_size=10).digest()
    number = DERIVED_PREFIX + b32encode(digest).decode()
    return number if rank == 1 else f"{number}-{rank}"
