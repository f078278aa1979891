"""Vehicle identification numbers with a right check digit, by the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # I, O and Q are not allowed
YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"  # model years from 2010 on
FIRST_YEAR = 2010
CHECK_AT = 8
# ISO 3779: what each character counts, and how much each place weighs.
VALUES = dict(zip("ABCDEFGH", range(1, 9), strict=True))
VALUES |= dict(zip("JKLMN", range(1, 6), strict=True)) | {"P": 7, "R": 9}
VALUES |= dict(zip("STUVWXYZ", range(2, 10), strict=True)) | {str(n): n for n in range(10)}
WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])


def vins(
    *,
    maker: str,
    models: NDArray[np.int64],
    years: NDArray[np.int64],
    serials: NDArray[np.int64],
) -> list[str]:
    """Return one number per car: maker, model, check digit, model year, plant and serial."""
    codes = np.empty((len(models), 17), dtype=np.uint8)
    codes[:, :3] = np.frombuffer(maker.encode(), dtype=np.uint8)
    letters = np.frombuffer(LETTERS.encode(), dtype=np.uint8)
    codes[:, 3] = letters[models % len(letters)]
    codes[:, 4:8] = np.frombuffer(b"A2B4", dtype=np.uint8)
    year_letters = np.frombuffer(YEARS.encode(), dtype=np.uint8)
    codes[:, 9] = year_letters[np.clip(years - FIRST_YEAR, 0, len(YEARS) - 1)]
    codes[:, 10] = letters[(serials // 1_000_000) % len(letters)]
    rest = serials % 1_000_000
    for place in range(16, 10, -1):
        codes[:, place] = rest % 10 + ord("0")
        rest = rest // 10
    # A seventh digit of the serial goes into the plant's place, so that large series stay unique.
    codes[:, 7] = letters[(serials // 1_000_000) % len(letters)]
    codes[:, CHECK_AT] = ord("0")
    value_of = np.zeros(128, dtype=np.int64)
    for letter, value in VALUES.items():
        value_of[ord(letter)] = value
    check = (value_of[codes] * WEIGHTS).sum(axis=1) % 11
    codes[:, CHECK_AT] = np.where(check == 10, ord("X"), check + ord("0"))
    numbers: list[str] = codes.reshape(-1).view("S17").astype(str).tolist()
    return numbers
