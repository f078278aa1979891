"""PostgreSQL's binary COPY format from columns of fixed width, without a loop over rows.

Each row is a field count, then for every field its length and its bytes, all big-endian; numpy
lays a whole batch out at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + (0).to_bytes(4, "big") * 2
TRAILER = (-1).to_bytes(2, "big", signed=True)
BATCH = 200_000
EPOCH_DAY = 10_957  # 2000-01-01, from which PostgreSQL counts days
EPOCH_MICROS = EPOCH_DAY * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a batch: an array, or one value for all rows; None is NULL."""

    dtype: str
    values: Any

    @property
    def width(self) -> int:
        """How many bytes each value takes; -1 stands for NULL."""
        return -1 if self.values is None else np.dtype(self.dtype).itemsize


def int8(values: Any) -> Column:
    """Return a bigint column."""
    return Column(">i8", values)


def int4(values: Any) -> Column:
    """Return an integer column."""
    return Column(">i4", values)


def boolean(values: Any) -> Column:
    """Return a boolean column."""
    return Column("u1", values)


def date(days: Any) -> Column:
    """Return a date column from days since 1970."""
    return Column(">i4", None if days is None else np.asarray(days) - EPOCH_DAY)


def timestamp(micros: Any) -> Column:
    """Return a timestamptz column from microseconds since 1970."""
    return Column(">i8", None if micros is None else np.asarray(micros) - EPOCH_MICROS)


def text(value: str | None) -> Column:
    """Return a text column that holds the same text in every row."""
    if value is None:
        return Column("S1", None)
    encoded = value.encode()
    if not encoded:
        return Column("V0", 0)
    return Column(f"V{len(encoded)}", np.frombuffer(encoded, dtype=f"V{len(encoded)}")[0])


def fixed(values: Sequence[bytes]) -> Column:
    """Return a text or bytea column of values that are all equally long."""
    width = len(values[0])
    return Column(f"V{width}", np.frombuffer(b"".join(values), dtype=f"V{width}"))


def numbered(prefix: str, numbers: NDArray[np.int64], digits: int) -> Column:
    """Return a text column of ``prefix`` and a zero-padded number."""
    head = np.frombuffer(prefix.encode(), dtype=np.uint8)
    letters = np.empty((len(numbers), len(head) + digits), dtype=np.uint8)
    letters[:, : len(head)] = head
    rest = numbers.copy()
    for place in range(len(head) + digits - 1, len(head) - 1, -1):
        letters[:, place] = rest % 10 + ord("0")
        rest //= 10
    width = letters.shape[1]
    return Column(f"V{width}", letters.reshape(-1).view(f"V{width}"))


def rows(count: int, columns: Sequence[Column]) -> Iterator[bytes]:
    """Yield ``count`` rows of ``columns``, a batch at a time, without header and trailer."""
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for at, column in enumerate(columns):
        fields.append((f"length{at}", ">i4"))
        if column.values is not None and column.width > 0:
            fields.append((f"value{at}", column.dtype))
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        batch = np.zeros(size, dtype=fields)
        batch["count"] = len(columns)
        for at, column in enumerate(columns):
            batch[f"length{at}"] = column.width
            if column.values is None or column.width == 0:
                continue
            whole = np.ndim(column.values) == 0
            batch[f"value{at}"] = column.values if whole else column.values[start : start + size]
        yield batch.tobytes()


def stream(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a whole binary COPY stream."""
    yield HEADER
    yield from parts
    yield TRAILER


class Reader:
    """A file to read from, over an iterator of bytes: what ``copy_expert`` asks for."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        """Keep the parts; each is handed out once."""
        self._parts = iter(parts)
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes, or nothing at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        piece = self._rest[:size] if size >= 0 else self._rest
        self._rest = self._rest[len(piece) :]
        return bytes(piece)
