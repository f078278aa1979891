"""The real data sets, which no checkout brings along: ``shared/data`` in a folder around it."""

from pathlib import Path


def shared_file(name):
    """Return where a file of the real data lies, be the checkout beside it or deeper.

    Where there is none, the path beside the checkout, which does not exist.
    """
    root = Path(__file__).resolve().parents[1]
    candidates = [folder / "shared" / "data" / name for folder in root.parents]
    return next((path for path in candidates if path.exists()), candidates[0])
