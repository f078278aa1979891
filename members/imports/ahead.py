"""Reads and prepares the next rows in a thread while the database works on the last ones."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from members.imports.preparing import Chunk, Preparer
    from members.imports.reading.ports import Batch, RowSource

PATIENCE_SECONDS = 30.0
AWAKE_SECONDS = 1.0


class GaveUp(Exception):
    """The reader has ended before its file did; a new one goes on from the same position."""


class Ahead:
    """Yields the chunks of one file in order, one of them ready before it is asked for.

    The thread touches no database. It ends with the file, when it is closed, or after half a
    minute in which nobody asked.
    """

    def __init__(
        self,
        *,
        open_file: Callable[[], IO[bytes]],
        open_source: Callable[[IO[bytes]], RowSource],
        preparer: Preparer,
        position: dict[str, int],
    ) -> None:
        """Begin to read at ``position``."""
        self.position = position
        self._open_file, self._open_source = open_file, open_source
        self._preparer = preparer
        self._ready: queue.Queue[Chunk | Exception | None] = queue.Queue(maxsize=1)
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="import-ahead")
        self._thread.start()

    def next(self, *, meanwhile: Callable[[], object]) -> Chunk | None:
        """Return the next chunk, or None at the end of the file.

        ``meanwhile`` is called every second of waiting: who takes over a large file waits until
        all before the position was read again.

        Raises:
            FileRefused: the file cannot be read any further.
            GaveUp: nobody asked for so long that the thread has ended.
        """
        while True:
            is_alive = self._thread.is_alive()
            try:
                found = self._ready.get(timeout=AWAKE_SECONDS if is_alive else 0.001)
            except queue.Empty:
                if is_alive:
                    meanwhile()
                    continue
                raise GaveUp from None
            if isinstance(found, Exception):
                raise found
            if found is not None:
                self.position = found.position
            return found

    def close(self) -> None:
        """Stop reading and let go of the file."""
        self._is_closed.set()
        while self._thread.is_alive():
            try:
                self._ready.get_nowait()  # The thread may be waiting to hand one over.
            except queue.Empty:
                self._thread.join(0.05)

    def _run(self) -> None:
        try:
            with self._open_file() as file:
                source = self._open_source(file)
                try:
                    self._read(source)
                finally:
                    source.close()
            self._hand_over(None)
        except Exception as error:
            self._hand_over(error)
        finally:
            self._is_closed.set()

    def _read(self, source: RowSource) -> None:
        position = dict(self.position)
        if position:
            # A worker that takes over knows nothing of the keys in the rows before.
            for batch in _until(source, position["row"]):
                self._preparer.prepare(batch, only_keys=True)
                if self._is_closed.is_set():
                    return
        for batch in source.batches(position):
            if not self._hand_over(self._preparer.prepare(batch)):
                return

    def _hand_over(self, item: Chunk | Exception | None) -> bool:
        if self._is_closed.is_set():
            return False
        try:
            self._ready.put(item, timeout=PATIENCE_SECONDS)
        except queue.Full:
            return False
        return not self._is_closed.is_set()


def _until(source: RowSource, row: int) -> Iterator[Batch]:
    """Yield the batches up to a row, wherever those of the worker before us may have ended."""
    for batch in source.batches({}):
        is_last = batch.position["row"] >= row
        if is_last:
            kept = [at for at, number in enumerate(batch.numbers) if number <= row]
            batch.numbers = [batch.numbers[at] for at in kept]
            batch.rows = [batch.rows[at] for at in kept]
        yield batch
        if is_last:
            return
